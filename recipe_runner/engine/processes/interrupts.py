"""Ctrl-C, termination and hang-up as facts that the engine reads when it is ready, not as exceptions anywhere."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, Self

from recipe_runner.engine.processes.keyboard import at_terminal

SIGNALS = (signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGHUP)
WAKING = (signal.SIGWINCH, signal.SIGCHLD)
"""These only wake whoever waits on `fileno`: the terminal has another size, a child was stopped by Ctrl-Z."""


class Interrupts:
    """While entered, these signals are noted instead of raised; `fileno` becomes readable when one arrives.

    A hang-up that whoever started us has had ignored, as `nohup` does, stays ignored.
    """

    def __init__(self) -> None:
        self._reader, self._writer = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._before: dict[signal.Signals, Any] = {}
        self._raising = False
        self.seen: signal.Signals | None = None

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            ignored = {signal.SIGHUP} if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN else set()
            self._before = {number: signal.signal(number, self._note) for number in SIGNALS if number not in ignored}
            if at_terminal():
                self._before |= {number: signal.signal(number, self._wake) for number in WAKING}
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        os.close(self._reader)
        os.close(self._writer)

    def fileno(self) -> int:
        """Return a descriptor that is readable while a signal is waiting to be acknowledged."""
        return self._reader

    def acknowledge(self) -> bool:
        """Forget the waiting signals; say whether one of them asks to stop, which `seen` remembers."""
        stop = False
        while True:
            try:
                stop = b"!" in os.read(self._reader, 64) or stop
            except BlockingIOError:
                return stop

    def forgive(self) -> bool:
        """Take a Ctrl-C back, which stops nothing that begins later then; say whether only that asked to stop."""
        if self.seen is not signal.SIGINT:
            return False
        self.seen = None
        self.acknowledge()
        return True

    @contextmanager
    def raising(self) -> Iterator[None]:
        """Let a signal raise KeyboardInterrupt, for the time of a question to a person."""
        self._raising = True
        try:
            yield
        finally:
            self._raising = False

    def _note(self, number: int, _: FrameType | None) -> None:
        if self.seen in {None, signal.SIGINT}:  # no Ctrl-C that comes later, and may be forgiven, hides another signal
            self.seen = signal.Signals(number)
        if self._raising:
            raise KeyboardInterrupt
        with contextlib.suppress(BlockingIOError):
            os.write(self._writer, b"!")

    def _wake(self, number: int, _: FrameType | None) -> None:
        with contextlib.suppress(BlockingIOError):
            os.write(self._writer, b"?")
