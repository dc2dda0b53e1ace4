"""Child processes: spawned, limited in time, stopped and ended, always as a whole process group."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import IO, Literal

from msgspec import Struct

from recipe_runner.engine.events import Outcome
from recipe_runner.engine.processes.keyboard import at_terminal
from recipe_runner.engine.processes.window import Window

Stream = Literal["stdout", "stderr"]

LADDER = ((signal.SIGINT, 5.0), (signal.SIGTERM, 5.0), (signal.SIGKILL, 0.0))
"""How a group is ended: each signal with the seconds it is given to take effect."""
MEANINGS = {
    0: ", but left outputs that cannot be read",
    126: ": a command cannot be executed",
    127: ": a command was not found",
}


class Command(Struct, frozen=True):
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


class Chunk(Struct, frozen=True):
    """Bytes as they came, with the nanoseconds since the process began."""

    stream: Stream
    data: bytes
    elapsed_ns: int


class Ended(Struct, frozen=True):
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
    """A child with a process group of its own; `streams` maps open descriptors to what they carry.

    `begun` says whether it has been let go.
    """

    command: Command
    popen: subprocess.Popen[bytes]
    pidfd: int
    began_ns: int
    streams: dict[int, Stream]
    window: Window | None = None
    begun: bool = False
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
        """Let the program begin: its time counts from now on."""
        self.began_ns = time.monotonic_ns()
        if self.command.timeout is not None:
            self.deadline = time.monotonic() + self.command.timeout
        if self.command.opener is not None:
            with contextlib.suppress(BrokenPipeError):
                os.write(self.command.opener, b"\n")
        self.signal_group(signal.SIGCONT)

    def stop(self, reason: Outcome) -> None:
        """Begin to end the group, or climb one rung further where that has begun; what stands still is woken."""
        self.reason = self.reason or reason
        number, grace = LADDER[min(self.rung, len(LADDER) - 1)]
        self.rung += 1
        self.deadline = time.monotonic() + grace if grace else None
        self.signal_group(number)
        self.signal_group(signal.SIGCONT)

    def stopped(self) -> signal.Signals | None:
        """Return the signal that has stopped the program, told once for each time."""
        try:
            found = os.waitid(os.P_PIDFD, self.pidfd, os.WSTOPPED | os.WNOHANG)
        except ChildProcessError:
            return None
        return signal.Signals(found.si_status) if found is not None else None

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Stop the group for as long as this process is stopped, which does not count against its time limit."""
        began = time.monotonic()
        with ExitStack() as stack:
            if self.window is not None:
                stack.enter_context(self.window.aside())
            self.signal_group(signal.SIGTSTP if self.window is None else signal.SIGSTOP)
            yield
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
