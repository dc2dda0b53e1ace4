"""A wait on the screen: counted down in place for a person, told once in a log."""

from __future__ import annotations

from datetime import timedelta

from rich.cells import cell_len, set_cell_size

from recipe_runner.console.terminal import Terminal
from recipe_runner.engine.events import Waiting
from recipe_runner.journal.reading.narrative import spell
from recipe_runner.sanitise import line

MINUTES = 120.0
"""Seconds from which on a wait is told in minutes and hours."""
CLEAR = "\r\x1b[K"


class Countdown:
    """Shows one wait after the other."""

    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal
        self._waiting = False

    def show(self, event: Waiting) -> None:
        """Show how long a wait will go on."""
        what = f"  … {line(event.reason)}{f' [{line(event.item)}]' if event.item else ''}, "
        if self._terminal.interactive:
            left = _counted(event.left)
            room = self._terminal.out.width - 1 - cell_len(left)
            cut = what if cell_len(what) <= room else f"{set_cell_size(what, max(0, room - 2))}… "
            self._terminal.raw(f"{CLEAR}{cut}{left}")
        elif not self._waiting:
            self._terminal.say(f"{what}{_counted(event.seconds)}", "quiet")
        self._waiting = True

    def clear(self) -> None:
        """Clear a wait that is over."""
        if self._waiting and self._terminal.interactive:
            self._terminal.raw(CLEAR)
        self._waiting = False


def _counted(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < MINUTES else spell(timedelta(seconds=seconds))
