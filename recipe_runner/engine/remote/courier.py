"""The child process that runs one step on a host: `python -m recipe_runner.engine.remote.courier DESCRIPTOR`.

Two ssh sessions over the host's one connection: the supervisor's (`supervise.sh`), which takes the texts and orders on
its standard input and keeps the private directory, and the step's own, whose output is this process's output. The
signals that end a local process group arrive here and become orders to the supervisor, so a time limit or an interrupt
means the same on the host. Knows nothing of recipes, so that it starts quickly.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import re
import secrets
import select
import selectors
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO

from recipe_runner.engine.outputs import LARGEST
from recipe_runner.engine.remote.errand import Errand, Findings

SUPERVISE = Path(__file__).with_name("supervise.sh")
PATIENCE = 60
"""Seconds of silence after which a supervisor takes the connection for lost."""
BEAT = 15.0
"""Seconds between two signs of life."""
GRACE = 3.0
"""Seconds between an order to terminate and one to kill; less than the ladder of `engine.processes` leaves to us."""
LINGER = 0.3
"""Seconds to wait for the end of output that a background process on the host still holds open."""
CLEARING = 10.0
"""Seconds in which a host whose supervisor is gone can be cleared."""
LAST = 500
"""Bytes of what an unfit host said that are told."""
MOST = 1 << 28
"""Bytes that a host may say at once: more is not a step's state but a host gone mad."""
PRIVATE = re.compile(rb"/[A-Za-z0-9_./+-]+")
SIZES = re.compile(rb"(-1|\d{1,10}) (-1|\d{1,10}) (-1|\d{1,10})")


class LostError(Exception):
    """The supervisor cannot be heard or spoken to any more."""


@dataclass(slots=True)
class Supervisor:
    """The conversation with `supervise.sh`; each of its lines begins with a mark that nothing else can know."""

    process: subprocess.Popen[bytes]
    mark: bytes
    orders: IO[bytes]
    answers: IO[bytes]
    heard: bytearray = field(default_factory=bytearray)

    @classmethod
    def start(cls, errand: Errand) -> Supervisor:
        """Start it and hand over the texts; raises LostError."""
        process = subprocess.Popen(
            errand.supervisor, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0, start_new_session=True
        )
        mark = secrets.token_hex(16).encode()
        if process.stdin is None or process.stdout is None:
            raise LostError
        supervisor = cls(process, mark, process.stdin, process.stdout)
        texts = (errand.prologue, errand.source, errand.start)
        numbers = (PATIENCE, LARGEST + 1)
        fields = [
            mark,
            *(b"%d" % number for number in numbers),
            *(text.encode("utf-8", "surrogateescape") for text in texts),
        ]
        supervisor.say(SUPERVISE.read_bytes() + b"".join(part + b"\0" for part in fields))
        return supervisor

    def say(self, data: bytes) -> None:
        """Write to it; raises LostError."""
        view = memoryview(data)
        try:
            while view:
                view = view[self.orders.write(view) :]
        except OSError as error:
            raise LostError from error

    def order(self, word: str) -> None:
        """Give an order; raises LostError."""
        self.say(f"{word}\n".encode())

    def listen(self) -> None:
        """Read what has come; raises LostError at the end, and where it is too much."""
        data = os.read(self.answers.fileno(), 65_536)
        if not data or len(self.heard) > MOST:
            raise LostError
        self.heard += data

    def answer(self, word: bytes) -> bytes | None:
        """Return the rest of the line that begins with the mark and a word, and forget all before it; None yet."""
        start = self.heard.find(b"%b %b" % (self.mark, word))
        end = self.heard.find(b"\n", start)
        if start < 0 or end < 0:
            return None
        rest = bytes(self.heard[start + len(self.mark) + len(word) + 1 : end]).strip()
        del self.heard[: end + 1]
        return rest

    def wait_for(self, word: bytes) -> bytes:
        """Return the rest of a line as soon as it comes; raises LostError."""
        while (rest := self.answer(word)) is None:
            self.listen()
        return rest

    def results(self) -> tuple[bytes | None, bytes, bytes]:
        """Ask for what the step left and return it; no output where it is no file any more. Raises LostError."""
        self.order("finish")
        sizes = SIZES.fullmatch(self.wait_for(b"result"))
        if sizes is None:
            raise LostError
        ends = list(itertools.accumulate(max(0, int(size)) for size in sizes.groups()))
        while len(self.heard) < ends[-1]:
            self.listen()
        output, shell, environ = (bytes(self.heard[a:b]) for a, b in itertools.pairwise((0, *ends)))
        return None if sizes[1] == b"-1" else output, shell, environ


@dataclass(slots=True)
class Watch:
    """Follows a running step until it is over."""

    supervisor: Supervisor
    step: subprocess.Popen[bytes]
    signals: int
    lifeline: int
    status: bytes | None = None
    stopping: bool = False
    kill_at: float | None = None
    leave_at: float | None = None
    beat_at: float = 0.0

    def until_over(self) -> str:
        """Return the status once the step is over, empty where it never began; raises LostError."""
        ended = os.pidfd_open(self.step.pid)
        with selectors.DefaultSelector() as selector:
            for descriptor in (self.signals, self.lifeline, ended, self.supervisor.answers.fileno()):
                selector.register(descriptor, selectors.EVENT_READ)
            while self.leave_at is None or time.monotonic() < self.leave_at:
                for key, _ in selector.select(self._wait()):
                    if key.fd == ended:
                        selector.unregister(ended)
                        self.leave_at = time.monotonic() + (0 if self.status is not None else 10 * LINGER)
                    elif key.fd == self.signals:
                        self._pass_on()
                    elif key.fd == self.lifeline:
                        raise LostError
                    else:
                        self._hear()
                self._act()
        os.close(ended)
        return (self.status or b"").decode("ascii", "replace")

    def _wait(self) -> float:
        now = time.monotonic()
        self.beat_at = self.beat_at or now + BEAT
        times = [self.beat_at, *(at for at in (self.kill_at, self.leave_at) if at is not None)]
        return max(0.0, min(times) - now)

    def _hear(self) -> None:
        self.supervisor.listen()
        status = self.supervisor.answer(b"over")
        if status is not None:
            self.status = status
            self.leave_at = time.monotonic() + (LINGER if self.step.poll() is None else 0)

    def _pass_on(self) -> None:
        for number in os.read(self.signals, 64):
            name = signal.Signals(number).name.removeprefix("SIG")
            if name not in {"INT", "TERM", "HUP"}:
                continue
            self.supervisor.order(name)
            self.stopping = True
            if name != "INT":
                self.kill_at = time.monotonic() + GRACE

    def _act(self) -> None:
        now = time.monotonic()
        if self.kill_at is not None and now >= self.kill_at:
            self.kill_at = None
            self.supervisor.order("KILL")
        if now >= self.beat_at:
            self.beat_at = now + BEAT
            self.supervisor.order("")


def run(errand: Errand, signals: int) -> Findings:
    """Run the errand to whatever end it has."""
    try:
        supervisor = Supervisor.start(errand)
    except LostError:
        return unfit(b"")
    try:
        directory = supervisor.wait_for(b"ready")
    except LostError:
        return unfit(bytes(supervisor.heard))
    if not PRIVATE.fullmatch(directory):
        return unfit(directory)
    if select.select([signals], [], [], 0)[0]:
        return Findings("unreached")
    terminal = os.isatty(0)
    step = subprocess.Popen(
        (*errand.runner, f"bash --noprofile --norc {directory.decode()}/start"),
        stdin=None if terminal else subprocess.DEVNULL,
        process_group=None if terminal else 0,
    )
    try:
        watch = Watch(supervisor, step, signals, errand.lifeline)
        status = watch.until_over()
        if watch.stopping or not status:
            supervisor.order("KILL")
        output, shell, environ = supervisor.results()
    except LostError:
        clear(errand, supervisor, directory.decode())
        return Findings("lost")
    finally:
        supervisor.orders.close()
        step.terminate()
        step.wait()
    found = Findings.of_status(status) if status else Findings("lost" if environ else "unreached")
    return replace(found, output=output, shell=shell, environ=environ)


def clear(errand: Errand, supervisor: Supervisor, directory: str) -> None:
    """End what runs on, and remove its directory, where the connection stands and the supervisor alone is gone."""
    code = f"bash -c 'kill -s KILL -- -$(<{directory}/group); rm -rf -- {directory}'"
    over_this_only = ("ssh", "-o", "ProxyCommand=false", *errand.supervisor[1:-1], code)
    with contextlib.suppress(subprocess.TimeoutExpired):
        supervisor.process.wait(1)
        nothing = subprocess.DEVNULL
        subprocess.run(over_this_only, stdin=nothing, stdout=nothing, stderr=nothing, timeout=CLEARING, check=False)


def unfit(said: bytes) -> Findings:
    """Say, with what the host said instead, that no step can be run there."""
    words = " ".join(said[-LAST:].decode("utf-8", "replace").split())
    sys.stderr.write(f"error: the host cannot run steps{f': {words}' if words else ''}; nothing was run there\n")
    return Findings("unreached")


def main() -> int:
    """Do the errand on the descriptor that the first argument names."""
    with os.fdopen(int(sys.argv[1]), encoding="ascii", closefd=False) as stream:
        errand = Errand.from_text(stream.read())
    reader, writer = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    signal.set_wakeup_fd(writer)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: None)
    findings = run(errand, reader)
    with os.fdopen(errand.result, "wb", closefd=False) as stream_out:
        stream_out.write(findings.to_bytes())
    return 0


if __name__ == "__main__":
    sys.exit(main())
