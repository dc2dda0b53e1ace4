"""Ctrl-Z: a shell stops this process as its job, and lets it go on by `fg`.

Whatever must not go on meanwhile, or has made something of the terminal, says how it steps aside and comes back.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from types import FrameType

from recipe_runner.engine.processes.keyboard import in_foreground

Aside = Callable[[], AbstractContextManager[None]]
"""Makes what is entered before this process stops, and left when it goes on."""


class Suspension:
    """Who steps aside, the latest first; SIGTSTP is handled while there is anybody."""

    def __init__(self) -> None:
        self._asides: list[Aside] = []
        self._background = False

    def add(self, aside: Aside) -> None:
        """Have somebody step aside, who may be there already; outside the main thread nothing is done."""
        if aside in self._asides or threading.current_thread() is not threading.main_thread():
            return
        if not self._asides:
            self._background = not in_foreground()
            if signal.getsignal(signal.SIGTSTP) is signal.SIG_DFL:
                signal.signal(signal.SIGTSTP, self._noticed)
        self._asides.append(aside)

    def remove(self, aside: Aside) -> None:
        """Forget somebody who was added."""
        if aside in self._asides:
            self._asides.remove(aside)
        if not self._asides and signal.getsignal(signal.SIGTSTP) == self._noticed:
            signal.signal(signal.SIGTSTP, signal.SIG_DFL)

    def stop(self) -> bool:
        """Stop the whole job that this process belongs to; returns when a shell lets it go on.

        Where no shell controls jobs nothing stops, and False is returned.
        """
        continued: list[int] = []
        before = signal.signal(signal.SIGTSTP, signal.SIG_IGN)
        with ExitStack() as stack:
            for aside in reversed(self._asides):
                stack.enter_context(aside())
            if before != signal.SIG_IGN:
                handler = signal.signal(signal.SIGCONT, lambda number, _: continued.append(number))
                signal.signal(signal.SIGTSTP, signal.SIG_DFL)
                os.killpg(os.getpgrp(), signal.SIGTSTP)
                signal.signal(signal.SIGTSTP, signal.SIG_IGN)
                signal.signal(signal.SIGCONT, handler)
            self._background = not in_foreground()
        signal.signal(signal.SIGTSTP, before)
        return bool(continued)

    def background(self) -> bool:
        """Say whether a shell has us run without the terminal, until we have it again."""
        self._background = self._background and not in_foreground()
        return self._background

    def _noticed(self, _: int, __: FrameType | None) -> None:
        self.stop()


SUSPENSION = Suspension()
"""Of this process."""
