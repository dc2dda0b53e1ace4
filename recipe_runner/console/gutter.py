"""A step's output on the screen: as it comes, indented behind a bar, with nothing in it that could move the cursor."""

from __future__ import annotations

import codecs
import sys

from recipe_runner.console.modes import Modes
from recipe_runner.console.terminal import Terminal
from recipe_runner.engine.events import Output
from recipe_runner.sanitise import printed, visible


class Gutter:
    """Prints output chunks; knows whether a line is unfinished, so that what follows starts on a fresh one."""

    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal
        self._decoders = {
            name: codecs.getincrementaldecoder("utf-8")(errors="replace") for name in ("stdout", "stderr")
        }
        self._unfinished: str | None = None
        self._modes = Modes()

    def feed(self, output: Output) -> None:
        """Show one chunk."""
        if output.terminal:
            sys.stdout.buffer.write(output.data)
            sys.stdout.buffer.flush()
            self._modes.feed(output.data)
            return
        text = printed(self._decoders[output.stream].decode(output.data))
        if not text:
            return
        if self._unfinished not in {None, output.stream}:
            self.finish()
        bar = self._bar(output.stream)
        label = f"[{output.item}] " if output.item else ""
        lines = text.split("\n")
        written: list[str] = []
        for index, line in enumerate(lines):
            last = index == len(lines) - 1
            if last and not line:
                break
            written.append(line if index == 0 and self._unfinished else f"{bar}{visible(label)}{line}")
            written.append("" if last else "\n")
        self._write("".join(written))
        self._unfinished = output.stream if lines[-1] else None

    def finish(self) -> None:
        """End an unfinished line; give a terminal back as it was before a program of its own."""
        if (codes := self._modes.undo()) and self._terminal.watched:
            sys.stdout.buffer.write(codes)
            sys.stdout.buffer.flush()
        if self._unfinished is not None:
            self._write("\n")
            self._unfinished = None

    def _bar(self, stream: str) -> str:
        if self._terminal.plain or self._terminal.out.color_system is None or self._terminal.out.no_color:
            return "  | " if stream == "stdout" else "  ! "
        return "\x1b[2m  │ \x1b[0m" if stream == "stdout" else "\x1b[31m  ┃ \x1b[0m"

    def _write(self, text: str) -> None:
        self._terminal.out.file.write(text)
        self._terminal.out.file.flush()
