"""Calls an operator who has looked away because nobody was needed for a while."""

from __future__ import annotations

import time

from recipe_runner.console.terminal import Terminal

LONG = 20.0
"""Seconds after which somebody has looked away."""


class Attention:
    """The attention of who is at the terminal: they have it when a session begins, and whenever they have typed."""

    def __init__(self, terminal: Terminal, title: str) -> None:
        self._terminal = terminal
        self._title = title
        self._paid = time.monotonic()

    def paid(self) -> None:
        """Remember that somebody is there."""
        self._paid = time.monotonic()

    def call(self, text: str) -> None:
        """Call for attention where it has been away for long."""
        if time.monotonic() - self._paid > LONG:
            self._terminal.ring(self._title, text)
            self.paid()
