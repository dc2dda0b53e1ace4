"""Asking a program a short question: bounded in time and output, alone in its process group, never at a terminal.

Steps run under `engine.processes`, which hands them the terminal; questions are asked from several threads at once and
must not touch it.
"""

from __future__ import annotations

import os
import selectors
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from pathlib import Path
from typing import IO

from msgspec import Struct

from recipe_runner.engine.preconditions.packages import remedy
from recipe_runner.engine.preconditions.world import World
from recipe_runner.errors import Diagnostic, UnmetError
from recipe_runner.memory import memory

KEPT = 256 * 1024
"""Bytes of each output stream that are kept: the last ones."""


class Answer(Struct, frozen=True):
    """How the program ended and the end of what it wrote; a negative `code` is the signal that ended it."""

    code: int
    stdout: bytes
    stderr: bytes

    def last_line(self) -> str:
        """Return the last line with something on it of standard error, or of standard output where that is empty."""
        for stream in (self.stderr, self.stdout):
            if text := stream.decode(errors="replace").strip():
                return text.splitlines()[-1].strip()
        return ""


class Probes:
    """The programs that one evaluation asks, so that all can be stopped when nobody waits for them any more."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._groups: set[int] = set()
        self._stopped = False

    @contextmanager
    def started(self, start: Callable[[], subprocess.Popen[bytes]], name: str) -> Iterator[subprocess.Popen[bytes]]:
        """Start a program for the block's time, kill what is left of its process group at the end, and wait for it.

        None is at work that `stop` does not know of. Raises UnmetError where it cannot be started.
        """
        with self._lock:
            try:
                process = start()
            except (OSError, ValueError) as error:
                raise UnmetError(Diagnostic(f"`{name}` cannot be started: {error}")) from error
            self._groups.add(process.pid)
            if self._stopped:
                _kill(process.pid)
        with process:
            try:
                yield process
            finally:
                with self._lock:
                    self._groups.discard(process.pid)
                    _kill(process.pid)

    def stop(self) -> None:
        """Kill every program that is being asked, and every later one as soon as it starts."""
        with self._lock:
            self._stopped = True
            for group in self._groups:
                _kill(group)


PROBES: ContextVar[Probes] = ContextVar("probes")
"""The evaluation that a thread works for, where it works for one."""


def locate(program: str, world: World) -> Path:
    """Return the path of a program as a shell in this world would find it; raises UnmetError where there is none."""
    name = str(world.path(program)) if "/" in program else program
    found = shutil.which(name, path=world.environ.get("PATH", os.defpath))
    if found is None:
        raise UnmetError(Diagnostic(f"`{program}` is not installed", hint=remedy(program)))
    return Path(found)


def ask(
    argv: Sequence[str],
    world: World,
    *,
    stdin: str | bytes = b"",
    environ: Mapping[str, str] | None = None,
    descriptors: Sequence[int] = (),
    limit: float = 25.0,
) -> Answer:
    """Run a program to its end and return its answer, whatever its exit code.

    `environ` stands in for the world's, `descriptors` stay open in the program. Messages are asked for in English,
    since some are read. Raises UnmetError where the program is missing, cannot be started, or has not ended after
    `limit` seconds.
    """
    program = locate(argv[0], world)

    def start() -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [str(program), *argv[1:]],
            env={**(world.environ if environ is None else environ), "LC_ALL": "C.UTF-8"},
            cwd=world.directory,
            stdin=given,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            pass_fds=descriptors,
            start_new_session=True,
        )

    with memory(stdin) as given, PROBES.get(Probes()).started(start, argv[0]) as process:
        stdout, stderr = _follow(process, argv[0], limit)
    return Answer(process.returncode, stdout, stderr)


def _follow(process: subprocess.Popen[bytes], name: str, limit: float) -> Iterator[bytes]:
    deadline = time.monotonic() + limit
    kept: dict[IO[bytes], bytearray] = {pipe: bytearray() for pipe in (process.stdout, process.stderr) if pipe}
    exited = os.pidfd_open(process.pid)
    try:
        with selectors.DefaultSelector() as selector:
            selector.register(exited, selectors.EVENT_READ)
            for pipe in kept:
                selector.register(pipe, selectors.EVENT_READ)
            over = False
            while not over:
                ready = [key.fileobj for key, _ in selector.select(max(0.0, deadline - time.monotonic()))]
                if time.monotonic() >= deadline:
                    raise UnmetError(Diagnostic(f"`{name}` has not ended after {limit:g} s and was stopped"))
                over = exited in ready
                for pipe, data in kept.items():
                    if pipe in ready and not _take(pipe, data):
                        selector.unregister(pipe)
    finally:
        os.close(exited)
    for pipe, data in kept.items():
        _take(pipe, data)
    return map(bytes, kept.values())


def _take(pipe: IO[bytes], kept: bytearray) -> bool:
    """Move what the pipe holds now to the end of what is kept; False at the pipe's end."""
    os.set_blocking(pipe.fileno(), False)
    try:
        data = os.read(pipe.fileno(), KEPT)
    except BlockingIOError:
        return True
    kept += data
    del kept[:-KEPT]
    return bool(data)


def _kill(group: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)
