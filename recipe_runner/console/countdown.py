"""A wait on the screen: counted down in place for a person, told once in a log."""

from __future__ import annotations

from datetime import timedelta

from rich.cells import cell_len

from recipe_runner.console.pinned import cut
from recipe_runner.console.terminal import Terminal
from recipe_runner.engine.events import Waiting
from recipe_runner.journal.reading.narrative import spell
from recipe_runner.sanitise import line

MINUTES = 120.0
"""Seconds from which on a wait is told in minutes and hours."""
AGAIN = 0.5
"""Seconds by which a wait must be longer than it was to be another one."""
CLEAR = "\r\x1b[K"


class Countdown:
    """Shows one wait after the other."""

    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal
        self._waiting = False
        self._told: dict[tuple[str | None, str], float] = {}

    def show(self, event: Waiting) -> None:
        """Show how long a wait will go on."""
        what = f"  … {line(event.reason)}{f' [{line(event.item)}]' if event.item else ''}"
        wait = (event.item, event.reason)
        if self._terminal.interactive:
            left = counted(event)
            room = self._terminal.out.width - 1 - cell_len(left)
            self._terminal.raw(f"{CLEAR}{cut(what, room)}{left}")
        elif event.left > self._told.get(wait, -1.0) + AGAIN:
            self._terminal.say(f"{what}{counted(event)}", "quiet")
        self._told[wait] = event.left
        self._waiting = True

    def clear(self) -> None:
        """Clear a wait that is over."""
        if self._waiting and self._terminal.interactive:
            self._terminal.raw(CLEAR)
        self._waiting = False


def counted(event: Waiting) -> str:
    """Say how long a wait goes on; nothing of one whose end nobody knows, which is looked at all the time."""
    if event.seconds < 1:
        return ""
    return f", {event.left:.0f} s" if event.left < MINUTES else f", {spell(timedelta(seconds=event.left))}"
