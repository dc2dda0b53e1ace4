"""Child processes: spawned, read, limited in time and ended, always as a whole process group.

A `Pump` watches any number of them at once without threads. Output stays bytes; nothing is kept here, so the size of
an output never matters.
"""

from __future__ import annotations

import contextlib
import errno
import os
import selectors
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import IO, Literal, Self

from recipe_runner.engine.events import Outcome
from recipe_runner.engine.interrupts import Interrupts
from recipe_runner.engine.window import Window, at_terminal, give_terminal

Stream = Literal["stdout", "stderr"]

CHUNK = 65_536
LADDER = ((signal.SIGINT, 5.0), (signal.SIGTERM, 5.0), (signal.SIGKILL, 0.0))
"""How a group is ended: each signal with the seconds it is given to take effect."""
MEANINGS = {
    0: ", but left outputs that cannot be read",
    126: ": a command cannot be executed",
    127: ": a command was not found",
}
LINGER = 0.2
"""Seconds to wait for the end of output that a background process still holds open after its parent's end."""


@dataclass(frozen=True, slots=True)
class Command:
    """What to start. `descriptors` stay open in the child under the same numbers; `timeout` is in seconds.

    With `terminal` the child gets a terminal of its own, joined to the operator's. With `opener` the program waits,
    once started, until a line arrives from that descriptor: `Process.let_go` writes it.
    """

    argv: tuple[str, ...]
    environ: Mapping[str, str]
    directory: str | None = None
    descriptors: tuple[int, ...] = ()
    timeout: float | None = None
    terminal: bool = False
    opener: int | None = None


@dataclass(frozen=True, slots=True)
class Chunk:
    """Bytes as they came, with the nanoseconds since the process began."""

    stream: Stream
    data: bytes
    elapsed_ns: int


@dataclass(frozen=True, slots=True)
class Ended:
    """The process is over; `signal` is a name such as `SIGKILL` where a signal ended it."""

    outcome: Outcome
    exit_code: int | None
    signal: str | None
    duration_ms: int
    note: str | None = None

    def words(self) -> str:
        """Say in words how it ended; `note` says it where the process itself was not what failed."""
        return self.note or self._words()

    def _words(self) -> str:
        match self:
            case Ended(outcome="timeout"):
                return f"took longer than it may and was stopped after {self.duration_ms / 1000:.1f} s"
            case Ended(outcome="interrupted"):
                return "was interrupted"
            case Ended(outcome="lost"):
                return "could not be followed to its end; whether it did its work is unknown"
            case Ended(signal=str(name)):
                return f"was killed by {name}"
            case Ended(exit_code=int(code)):
                return f"ended with exit code {code}{_meaning(code)}"
            case _:
                return "could not begin"


@dataclass(slots=True, eq=False)
class Process:
    """A running child with a process group of its own; `streams` maps open descriptors to what they carry."""

    command: Command
    popen: subprocess.Popen[bytes]
    pidfd: int
    began_ns: int
    streams: dict[int, Stream]
    window: Window | None = None
    reason: Outcome | None = None
    rung: int = 0
    deadline: float | None = None
    exited: float | None = None

    @classmethod
    def start(cls, command: Command) -> Process:
        """Start the command, which may wait to be let go; raises OSError where it cannot be started."""
        if command.terminal:
            window = Window.open()
            popen = window.start(command)
            streams: dict[int, Stream] = {window.master: "stdout"}
        else:
            window = None
            popen = subprocess.Popen(
                command.argv,
                executable=program(command.argv[0], command.environ.get("PATH")),
                env=dict(command.environ),
                cwd=command.directory,
                pass_fds=command.descriptors,
                stdin=None if at_terminal() else subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                process_group=0,
            )
            streams = {detached(popen.stdout): "stdout", detached(popen.stderr): "stderr"}
        return cls(command, popen, os.pidfd_open(popen.pid), time.monotonic_ns(), streams, window)

    def let_go(self) -> None:
        """Let the program begin: its time counts from now on, and the terminal is its own."""
        self.began_ns = time.monotonic_ns()
        if self.command.timeout is not None:
            self.deadline = time.monotonic() + self.command.timeout
        if self.window is None and at_terminal():
            give_terminal(self.popen.pid)
        if self.command.opener is not None:
            with contextlib.suppress(BrokenPipeError):
                os.write(self.command.opener, b"\n")
        self.signal_group(signal.SIGCONT)

    def stop(self, reason: Outcome) -> None:
        """Begin to end the group, or climb one rung further where that has begun."""
        self.reason = self.reason or reason
        number, grace = LADDER[min(self.rung, len(LADDER) - 1)]
        self.rung += 1
        self.deadline = time.monotonic() + grace if grace else None
        self.signal_group(number)

    def suspend_along(self) -> None:
        """Where Ctrl-Z stopped the group, stop too, as one job; when the shell continues us, let it go on."""
        try:
            stopped = os.waitid(os.P_PIDFD, self.pidfd, os.WSTOPPED | os.WNOHANG)
        except ChildProcessError:
            return
        if stopped is None:
            return
        began = time.monotonic()
        give_terminal(os.getpgrp())
        os.killpg(os.getpgrp(), signal.SIGTSTP)
        give_terminal(self.popen.pid)
        if self.deadline is not None:
            self.deadline += time.monotonic() - began
        self.signal_group(signal.SIGCONT)

    def signal_group(self, number: signal.Signals) -> None:
        """Send a signal to every process of the group; a group that is gone is no fault."""
        try:
            os.killpg(self.popen.pid, number)
        except (ProcessLookupError, PermissionError):
            return

    def ended(self) -> Ended:
        """Reap the child and say how it ended; one that was stopped takes what is left of its group along."""
        if self.reason is not None:
            self.signal_group(signal.SIGKILL)
        status = self.popen.wait()
        duration = (time.monotonic_ns() - self.began_ns) // 1_000_000
        name = signal.Signals(-status).name if status < 0 else None
        code = None if status < 0 else status
        interrupted = name == "SIGINT" or code == 128 + signal.SIGINT
        outcome: Outcome = self.reason or ("ok" if status == 0 else "interrupted" if interrupted else "failed")
        return Ended(outcome, code, name, duration)


class Pump:
    """Reads the output of running processes and enforces their time limits."""

    def __init__(self, interrupts: Interrupts) -> None:
        self._interrupts = interrupts
        self._selector = selectors.DefaultSelector()
        self._selector.register(interrupts.fileno(), selectors.EVENT_READ, None)
        self._running: list[Process] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
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
        self._running.append(process)
        if command.opener is None:
            process.let_go()
        return process

    def poll(self, until: float | None = None) -> Iterator[tuple[Process, Chunk | Ended]]:
        """Wait for something to happen, at most until this monotonic time, and yield what happened."""
        deadlines = [p.deadline for p in self._running if p.deadline is not None and p.exited is None]
        deadlines += [p.exited + LINGER for p in self._running if p.exited is not None]
        deadlines += [until] if until is not None else []
        wait = max(0.0, min(deadlines) - time.monotonic()) if deadlines else None
        for key, _ in self._selector.select(wait):
            process: Process | None = key.data
            if process is None:
                self._noticed(stop=self._interrupts.acknowledge())
            elif key.fd == process.pidfd:
                process.exited = time.monotonic()
                self._selector.unregister(process.pidfd)
            elif key.fd in process.streams:
                if (chunk := self._read(process, key.fd)) is not None:
                    yield process, chunk
            elif process.window is not None and not process.window.type_ahead():
                self._selector.unregister(key.fd)
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
        for process in self._running:
            if stop:
                process.stop("interrupted")
            elif process.window is not None:
                process.window.follow_size()
            else:
                process.suspend_along()

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
        for descriptor in process.streams:
            self._selector.unregister(descriptor)
            os.close(descriptor)
        if process.exited is None:
            self._selector.unregister(process.pidfd)
        os.close(process.pidfd)
        if process.window is not None:
            if process.window.keyboard is not None and process.window.keyboard in self._selector.get_map():
                self._selector.unregister(process.window.keyboard)
            process.window.close()
        elif at_terminal():
            give_terminal(os.getpgrp())


def _meaning(code: int) -> str:
    """Say what a failure's exit code means to a shell (bash(1), EXIT STATUS), where it means something."""
    if code in MEANINGS:
        return MEANINGS[code]
    number = code - 128
    return f", as by {signal.Signals(number).name}" if number in set(signal.Signals) else ""


@lru_cache(maxsize=64)
def program(name: str, path: str | None) -> str | None:
    """Return where a program is, looked up once; None where it is not, and for names that are paths already."""
    return None if "/" in name else shutil.which(name, path=path)


def detached(pipe: IO[bytes] | None) -> int:
    """Return a descriptor of its own for a pipe, so that closing it is ours alone."""
    if pipe is None:
        raise OSError(errno.EBADF, "no pipe")
    descriptor = os.dup(pipe.fileno())
    pipe.close()
    return descriptor
