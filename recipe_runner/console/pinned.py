"""Lines kept in place at the head of the screen while everything else scrolls below them.

Between two writes the scroll region of the terminal (DECSTBM, DEC VT100) keeps the lines where they are, whoever
writes: a prompt, the echo of a keyboard, a program that asks for a password. What scrolls out of such a region never
reaches the terminal's scrollback, so each write of ours takes the lines away first (DL, ECMA-48), scrolls the whole
screen as if they had never been there, and puts them back (RI, DEC VT100; IL would have tmux 3.3 forget which rows it
has wrapped). No place of the cursor is ever asked for or remembered.
"""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TextIO

from rich.cells import cell_len, set_cell_size

from recipe_runner.engine.processes.suspension import SUSPENSION

SAVE, RESTORE, WHOLE, DOWN, UP = "\x1b7", "\x1b8", "\x1b[r", "\x1bD", "\x1bM"
SMALLEST = 10
"""Rows of a screen that has room for pinned lines."""

Draw = Callable[[int], Sequence[str]]
"""From the width of the screen to the lines, without what could move the cursor; always the same number of them."""


class Pinned(io.TextIOBase):
    """A terminal to write to; `pin` puts lines at its head, `release` gives all of it back, for an editor or a shell.

    Goes by the terminal's own size, never by `LINES`, which programs leave behind in the environment.
    """

    def __init__(self, screen: TextIO) -> None:
        self._screen = screen
        self._draw: Draw = lambda _: ()
        self._rows = 0
        self._wanted = False
        self._size = os.terminal_size((0, 0))

    def pin(self, draw: Draw) -> None:
        """Show these lines from now on, newly drawn at every write."""
        self._draw, self._wanted = draw, True
        SUSPENSION.add(self._aside)
        if SUSPENSION.background():
            return
        if self._rows and self._size == self._now():
            self._send(f"{SAVE}{_drawn(draw(self._size.columns))}{RESTORE}")
        else:
            self._send(f"{self._off()}{self._on()}")

    def refresh(self) -> None:
        """Draw the lines again where there are to be any: time has passed, or the screen has another size."""
        if self._wanted:
            self.pin(self._draw)

    def release(self) -> None:
        """Take the lines away and give the whole screen back, until they are pinned again."""
        if self._rows:
            self._send(self._off())
        self._wanted = False
        SUSPENSION.remove(self._aside)

    def reserve(self) -> None:
        """Make the row below the cursor one of those that scroll: somebody else reads a line and ends it."""
        if self._rows:
            self.write(f"{DOWN}\x1b[A")

    def write(self, text: str) -> int:
        """Write to the part of the screen that scrolls."""
        self._send(f"{self._off()}{text}{self._on()}" if self._rows else text)
        return len(text)

    def flush(self) -> None:
        """Do nothing: every write is flushed."""

    def isatty(self) -> bool:
        """Say whether this is a terminal."""
        return self._screen.isatty()

    def fileno(self) -> int:
        """Return the descriptor of the terminal."""
        return self._screen.fileno()

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """How text is written."""
        return self._screen.encoding

    def _off(self) -> str:
        """Return the codes that take the lines away; a screen of another size has moved them, who knows where to."""
        rows, self._rows = self._rows, 0
        if not rows or self._size != self._now():
            return f"{SAVE}{WHOLE}{RESTORE}" if rows else ""
        return f"{SAVE}{WHOLE}\x1b[1;1H\x1b[{rows}M{RESTORE}\x1b[{rows}A"

    def _on(self) -> str:
        """Return the codes that make room at the head of the screen and draw the lines there."""
        self._size = self._now()
        lines = self._draw(self._size.columns)
        if self._size.lines < SMALLEST:
            return ""
        self._rows = rows = len(lines)
        room = f"{DOWN * rows}\x1b[{rows}A{SAVE}\x1b[1;1H{UP * rows}{_drawn(lines)}{RESTORE}\x1b[{rows}B"
        return f"{room}{SAVE}\x1b[{rows + 1};{self._size.lines}r{RESTORE}"

    def _now(self) -> os.terminal_size:
        return os.get_terminal_size(self._screen.fileno())

    def _send(self, codes: str) -> None:
        self._screen.write(codes)
        self._screen.flush()

    @contextmanager
    def _aside(self) -> Iterator[None]:
        """Give the screen to the shell while we are stopped, and longer where we go on in the background."""
        pinned = bool(self._rows)
        with suppress(OSError):
            os.write(self.fileno(), self._off().encode())
        yield
        if pinned and not SUSPENSION.background():
            with suppress(OSError):
                os.write(self.fileno(), self._on().encode())


def _drawn(lines: Sequence[str]) -> str:
    return "".join(f"\x1b[{row};1H\x1b[0;7m{text}\x1b[0m" for row, text in enumerate(lines, 1))


def bar(left: str, right: str, width: int) -> str:
    """Return a line as wide as the screen, `right` at its end; where both do not fit, `left` keeps a third of it."""
    end = f" {cut(right, width - max(width // 3, 1) - 2)} "
    room = max(0, width - cell_len(end))
    return set_cell_size(f"{set_cell_size(cut(f' {left}', room), room)}{end}", width)


def cut(text: str, width: int) -> str:
    """Return a text, or its beginning and an ellipsis where it is wider than that."""
    return text if cell_len(text) <= width else f"{set_cell_size(text, max(0, width - 1))}…"
