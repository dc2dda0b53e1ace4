"""Watches any number of processes at once, without threads: their output, their ends, the operator's keyboard.

Output stays bytes; nothing is kept here, so the size of an output never matters.
"""

from __future__ import annotations

import errno
import os
import selectors
import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Self

from recipe_runner.engine.processes.interrupts import Interrupts
from recipe_runner.engine.processes.keyboard import KEYBOARD, TYPE_AHEAD, at_terminal, give_terminal, in_foreground
from recipe_runner.engine.processes.process import Chunk, Command, Ended, Process
from recipe_runner.engine.processes.suspension import SUSPENSION
from recipe_runner.engine.processes.window import SUSPEND, Window

CHUNK = 65_536
LINGER = 0.2
"""Seconds to wait for the end of output that a background process still holds open after its parent's end."""


class Pump:
    """Reads the output of running processes, enforces their time limits and lends them the operator's terminal.

    A process that runs alone has the terminal: it may read, and Ctrl-C and Ctrl-Z go to it. While several run side by
    side those keys come to us and count for all; one that reads all the same gets the terminal then.
    """

    def __init__(self, interrupts: Interrupts) -> None:
        self._interrupts = interrupts
        self._selector = selectors.DefaultSelector()
        self._selector.register(interrupts.fileno(), selectors.EVENT_READ, None)
        self._running: list[Process] = []
        self._lent: Process | None = None

    def __enter__(self) -> Self:
        if at_terminal():
            SUSPENSION.add(self._aside)
        return self

    def __exit__(self, *_: object) -> None:
        SUSPENSION.remove(self._aside)
        for process in self._running:
            process.signal_group(signal.SIGKILL)
            self._release(process)
        self._selector.close()

    @property
    def interrupted(self) -> bool:
        """Say whether the operator or the system asked to stop."""
        return self._interrupts.seen is not None

    def start(self, command: Command) -> Process:
        """Start a command and watch it; one that waits must be let go. Raises OSError where it cannot be started."""
        process = Process.start(command)
        for descriptor in process.streams:
            os.set_blocking(descriptor, False)
            self._selector.register(descriptor, selectors.EVENT_READ, process)
        self._selector.register(process.pidfd, selectors.EVENT_READ, process)
        if process.window is not None and process.window.keyboard is not None:
            self._selector.register(process.window.keyboard, selectors.EVENT_READ, process)
            process.window.send(TYPE_AHEAD.take())
        self._running.append(process)
        if command.opener is None:
            self.let_go(process)
        return process

    def let_go(self, process: Process) -> None:
        """Let a process begin, with the terminal where it runs alone."""
        process.begun = True
        self._lend()
        process.let_go()

    def poll(self, until: float | None = None) -> Iterator[tuple[Process, Chunk | Ended]]:
        """Wait for something to happen, at most until this monotonic time, and yield what happened."""
        deadlines = [p.deadline for p in self._running if p.deadline is not None and p.exited is None]
        deadlines += [p.exited + LINGER for p in self._running if p.exited is not None]
        deadlines += [until] if until is not None else []
        wait = max(0.0, min(deadlines) - time.monotonic()) if deadlines else None
        for process in self._running:
            if process.window is not None:
                process.window.send()
        for key, _ in self._selector.select(wait):
            ready: Process | None = key.data
            if ready is None:
                self._noticed(stop=self._interrupts.acknowledge())
            elif key.fd == ready.pidfd:
                ready.exited = time.monotonic()
                self._selector.unregister(ready.pidfd)
                self._unjoin(ready)
            elif key.fd in ready.streams:
                if (chunk := self._read(ready, key.fd)) is not None:
                    yield ready, chunk
            elif ready.window is not None and ready.window.keyboard is not None:
                self._typed(ready, ready.window)
        now = time.monotonic()
        for process in list(self._running):
            if process.exited is not None and (not process.streams or now >= process.exited + LINGER):
                self._running.remove(process)
                self._release(process)
                yield process, process.ended()
            elif process.exited is None and process.deadline is not None and now >= process.deadline:
                process.stop("timeout")

    def _noticed(self, *, stop: bool) -> None:
        """Tell every process that it is to stop, or see what else may have happened at the terminal."""
        for process in list(self._running):
            if stop:
                process.stop("interrupted")
            elif process.window is not None:
                process.window.follow_size()
            elif (number := process.stopped()) is not None:
                self._follow(process, number)

    def _follow(self, process: Process, number: signal.Signals) -> None:
        """Where Ctrl-Z stopped a process, stop all as one job; one that wants the terminal gets it, once we have it.

        Where no shell can ever let us have it that is the end of the process.
        """
        wants = number in {signal.SIGTTIN, signal.SIGTTOU}
        stopped = (not wants or not (self._lent or in_foreground())) and SUSPENSION.stop()
        if wants and (self._lent or in_foreground()):
            self._lent = process
            give_terminal(process.popen.pid)
            process.signal_group(signal.SIGCONT)
        elif wants and not stopped:
            process.stop("interrupted")

    @contextmanager
    def _aside(self) -> Iterator[None]:
        """Stop every process, and take the terminal back, for as long as we are stopped."""
        with ExitStack() as stack:
            for process in self._running:
                stack.enter_context(process.aside())
            self._take_back()
            yield
            self._lend()

    def _lend(self) -> None:
        """Give the terminal to the only process that runs, or have it back; in the background it is not ours."""
        if not at_terminal():
            return
        running = [process for process in self._running if process.begun and process.exited is None]
        alone = running[0] if len(running) == 1 and running[0].window is None else None
        if alone is self._lent:
            return
        self._take_back()
        if alone is not None and in_foreground():
            self._lent = alone
            give_terminal(alone.popen.pid)

    def _take_back(self) -> None:
        if self._lent is not None:
            self._lent = None
            give_terminal(os.getpgrp())

    def _typed(self, process: Process, window: Window) -> None:
        """Pass on what was typed, up to a Ctrl-Z that is for us."""
        typed = window.typed()
        if not typed:
            self._selector.unregister(KEYBOARD)
        while typed:
            keys, suspend, typed = typed.partition(SUSPEND)
            if suspend and window.suspends(process.popen.pid):
                window.send(keys)
                SUSPENSION.stop()
            else:
                window.send(keys + suspend)

    def _unjoin(self, process: Process) -> None:
        """Read no more for a terminal whose program is over, and keep what it left unread for who reads next."""
        if process.window is None:
            return
        if process.window.keyboard is not None and process.window.keyboard in self._selector.get_map():
            self._selector.unregister(process.window.keyboard)
        TYPE_AHEAD.keep(process.window.unread())

    def _read(self, process: Process, descriptor: int) -> Chunk | None:
        try:
            data = os.read(descriptor, CHUNK)
        except BlockingIOError:
            return None
        except OSError as error:
            if error.errno != errno.EIO:
                raise
            data = b""
        if not data:
            self._selector.unregister(descriptor)
            del process.streams[descriptor]
            os.close(descriptor)
            return None
        if process.window is not None:
            process.window.follow_size()
        return Chunk(process.streams[descriptor], data, time.monotonic_ns() - process.began_ns)

    def _release(self, process: Process) -> None:
        self._unjoin(process)
        for descriptor in process.streams:
            self._selector.unregister(descriptor)
            os.close(descriptor)
        if process.exited is None:
            self._selector.unregister(process.pidfd)
        os.close(process.pidfd)
        if process.window is not None:
            process.window.close()
        self._lend()
