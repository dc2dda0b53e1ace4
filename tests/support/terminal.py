"""A person at a real pseudo-terminal, for tests: types, waits for what appears, reads the screen."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pexpect
import pyte

from tests.support.command import RECIPE


class Screen(pyte.HistoryScreen):
    """A screen with scrollback, on which deleting lines moves empty ones up too: the emulator leaves those out."""

    def delete_lines(self, count: int | None = None) -> None:
        """Delete lines from the cursor on (DL, ECMA-48)."""
        top, bottom = self.margins or (0, self.lines - 1)
        if top <= self.cursor.y <= bottom:
            for row in range(self.cursor.y, bottom + 1):
                self.buffer[row]
        super().delete_lines(count)


class Person:
    """Drives the command in a terminal of a given size."""

    def __init__(
        self,
        *arguments: str,
        directory: Path,
        environ: Mapping[str, str] | None = None,
        width: int = 80,
        height: int = 200,
        inside: Sequence[str] = (),
    ) -> None:
        """Start the command, `inside` another program where one is given."""
        inherited = {name: text for name, text in os.environ.items() if name not in {"LINES", "COLUMNS"}}
        variables = {**inherited, "TERM": "xterm-256color", "PATH": f"{RECIPE.parent}:{os.environ['PATH']}"}
        self._child = pexpect.spawn(
            [*inside, str(RECIPE)][0],
            [*inside, str(RECIPE), *arguments][1:],
            cwd=str(directory),
            env={**variables, **(environ or {})},
            dimensions=(height, width),
            encoding="utf-8",
            codec_errors="replace",  # the echo of what is typed may fall into a character, as on any terminal
            timeout=60,
        )
        self._screen = Screen(width, height)
        self._stream = pyte.Stream(self._screen)

    def sees(self, pattern: str) -> None:
        """Wait until a text appears."""
        self._child.expect(pattern)
        self._stream.feed(f"{self._child.before}{self._child.after}")

    def waits(self, ready: Callable[[list[str]], bool]) -> None:
        """Wait until the rows of the screen are as they should be."""
        while not ready(self.screen().split("\n")):
            self.sees("(?s).+")

    def resizes(self, width: int, height: int) -> None:
        """Give the window another size."""
        self._screen.resize(height, width)
        self._screen.set_margins()
        self._child.setwinsize(height, width)

    def types(self, text: str) -> None:
        """Type a line."""
        self._child.sendline(text)

    def writes(self, text: str) -> None:
        """Type a text without Enter."""
        self._child.send(text)

    def enters(self, text: str) -> None:
        """Type a text and press Enter, for a program that reads single keys."""
        self._child.send(f"{text}\r")

    def presses(self, key: str) -> None:
        """Press Ctrl and a key."""
        self._child.sendcontrol(key)

    def leaves(self) -> int:
        """Wait for the end; return the exit code."""
        self._child.expect(pexpect.EOF)
        self._stream.feed(str(self._child.before))
        self._child.close()
        return int(self._child.exitstatus if self._child.exitstatus is not None else -1)

    def hangs_up(self) -> int:
        """Close the window, as a lost connection does; return the exit code."""
        nowhere = os.open(os.devnull, os.O_RDWR)
        os.dup2(nowhere, self._child.child_fd)
        os.close(nowhere)
        return int(self._child.wait())

    def screen(self) -> str:
        """Return what the screen shows."""
        return "\n".join(row.rstrip() for row in self._screen.display).rstrip()

    def past(self) -> list[str]:
        """Return what has scrolled out at the head of the screen."""
        return ["".join(row[n].data for n in range(self._screen.columns)).rstrip() for row in self._screen.history.top]

    def colours(self) -> set[str]:
        """Return the colours of the text on the screen; `default` is no colour."""
        return {cell.fg for row in self._screen.buffer.values() for cell in row.values()}
