"""The last line of the screen, kept in place while everything else scrolls above it.

Uses the scroll region of the terminal (DECSTBM, ECMA-48 and DEC VT100), as Debian's apt does for its progress line;
whoever takes the screen over (an editor, a shell) must be given all of it first.
"""

from __future__ import annotations

import os

from rich.cells import cell_len, set_cell_size

from recipe_runner.console.terminal import Terminal
from recipe_runner.sanitise import line

SMALLEST = 10
"""Lines of a screen that has room for a pinned one."""


class Pinned:
    """One line, drawn where a person watches; everything here does nothing elsewhere.

    Goes by the terminal's own size, never by `LINES`, which programs leave behind in the environment.
    """

    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal
        self._height = 0

    def draw(self, left: str, right: str) -> None:
        """Show the line, its right part at the right end."""
        if not self._terminal.interactive:
            return
        width, height = os.get_terminal_size(self._terminal.out.file.fileno())
        if height < SMALLEST:
            return
        if height != self._height:
            self._write(f"\n\x1b7\x1b[1;{height - 1}r\x1b8\x1b[1A")
            self._height = height
        end = f" {line(right)} "
        text = set_cell_size(f" {line(left)}", max(0, width - cell_len(end))) + end
        self._write(f"\x1b7\x1b[{height};1H\x1b[0;7m{text}\x1b[0m\x1b8")

    def release(self) -> None:
        """Give the whole screen back, and take the line away."""
        if self._height:
            self._write(f"\x1b7\x1b[r\x1b[{self._height};1H\x1b[K\x1b8")
            self._height = 0

    def _write(self, codes: str) -> None:
        self._terminal.out.file.write(codes)
        self._terminal.out.file.flush()
