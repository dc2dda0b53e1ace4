"""A step's output on the screen: as it comes, indented behind a bar, with nothing in it that could move the cursor."""

from __future__ import annotations

import codecs
import sys
from collections import defaultdict

from recipe_runner.console.modes import Modes
from recipe_runner.console.terminal import Terminal
from recipe_runner.engine.events import Output
from recipe_runner.sanitise import line, printed

LONGEST = 65_536
"""Characters of an unfinished line that are kept until it is whole."""
Source = tuple[str | None, str]
"""A sub-run, where it is one, and its stream."""


class Gutter:
    """Prints output chunks; knows whether a line is unfinished, so that what follows starts on a fresh one."""

    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal
        self._decoders: defaultdict[Source, codecs.IncrementalDecoder] = defaultdict(
            lambda: codecs.getincrementaldecoder("utf-8")(errors="replace")
        )
        self._unfinished: Source | None = None
        self._kept: dict[Source, str] = {}
        self._modes = Modes()

    def feed(self, output: Output, *, whole: bool = False) -> None:
        """Show one chunk; `whole` lines only, where others write at the same time."""
        if output.terminal:
            sys.stdout.buffer.write(output.data)
            sys.stdout.buffer.flush()
            self._modes.feed(output.data)
            return
        source = (output.item, output.stream)
        text = self._kept.pop(source, "") + printed(self._decoders[source].decode(output.data))
        if whole and len(end := text[text.rfind("\n") + 1 :]) < LONGEST:
            self._kept[source] = end
            text = text.removesuffix(end)
        if text:
            self._show(source, text)

    def _show(self, source: Source, text: str) -> None:
        if self._unfinished not in {None, source}:
            self.interrupt()
        item, stream = source
        bar = self._bar(stream)
        label = f"[{line(item)}] " if item else ""
        lines = text.split("\n")
        written: list[str] = []
        for index, row in enumerate(lines):
            last = index == len(lines) - 1
            if last and not row:
                break
            written.append(row if index == 0 and self._unfinished else f"{bar}{label}{row}")
            written.append("" if last else "\n")
        self._write("".join(written))
        self._unfinished = source if lines[-1] else None

    def interrupt(self) -> None:
        """End an unfinished line."""
        if self._unfinished is not None:
            self._write("\n")
            self._unfinished = None

    def end(self, item: str | None) -> None:
        """Show what a sub-run has left of a line."""
        for source in [source for source in self._kept if source[0] == item]:
            if text := self._kept.pop(source):
                self._show(source, text)
        self.interrupt()

    def finish(self) -> None:
        """End all unfinished lines; give a terminal back as it was before a program of its own."""
        for item in {item for item, _ in self._kept}:
            self.end(item)
        self.interrupt()
        if (codes := self._modes.undo()) and self._terminal.watched:
            sys.stdout.buffer.write(codes)
            sys.stdout.buffer.flush()

    def _bar(self, stream: str) -> str:
        if self._terminal.plain or self._terminal.out.color_system is None or self._terminal.out.no_color:
            return "  | " if stream == "stdout" else "  ! "
        return "\x1b[2m  │ \x1b[0m" if stream == "stdout" else "\x1b[31m  ┃ \x1b[0m"

    def _write(self, text: str) -> None:
        self._terminal.out.file.write(text)
        self._terminal.out.file.flush()
