"""System tools as the builder runs them: argv lists, one log, failures told with their last lines."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from builders.images.size import format_size
from builders.workshop.listener import MOST_SAID, Listener
from builders.workshop.margin import Margin
from recipe_runner.errors import Diagnostic, RecipeError, UnmetError

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
Argv = tuple[str | Path, ...]
"""One command, word by word; no shell reads it."""


@dataclass(frozen=True, slots=True)
class Command:
    """A command with the files that its standard input and output are, where they are files.

    `name` is what a failure calls it, where that is not the first word.
    """

    words: Argv
    source: Path | None = None
    target: Path | None = None
    name: str | None = None

    def __str__(self) -> str:
        redirections = [
            f"{sign}{shlex.quote(str(path))}" for sign, path in (("<", self.source), (">", self.target)) if path
        ]
        return " ".join([shlex.join(map(str, self.words)), *redirections])

    @property
    def confinement(self) -> tuple[str, ...]:
        """The words that only confine what follows, as a shell reads them; none where nothing does."""
        words = [shlex.quote(str(word)) for word in self.words]
        return tuple(words[: words.index("--") + 1]) if {"bwrap", "--"} <= set(words) else ()


_LOOKED_AT = 0.1
"""Seconds between two looks at what a tool leaves of the place it works in."""
_FULL = re.compile(r"No space left on device|Disk quota exceeded|Wrote only \d+ of \d+ bytes")
_GRACE = 15.0
"""Seconds a tool may take to clean up when it is told to end (mmdebstrap removes its chroot)."""


class ToolError(RecipeError):
    """A tool failed; `said` are the last lines of its output, safe to show."""

    def __init__(self, tool: str, status: int, said: str) -> None:
        how = f"ended with status {status}" if status > 0 else f"was ended by signal {-status}"
        hint = "make room where the work is done, or set TMPDIR to a larger place" if _FULL.search(said) else None
        super().__init__(Diagnostic(f"`{tool}` {how}" + (": no space left" if hint else ""), hint=hint))
        self.status, self.said = status, said


@contextmanager
def ended(commands: Commands) -> Iterator[None]:
    """End what runs in other threads when the block fails or is interrupted."""
    try:
        yield
    except BaseException:
        commands.end()
        raise


@dataclass(frozen=True, slots=True)
class Commands:
    """Runs tools with one environment, their output appended to `log`, which they never hold themselves.

    A tool that leaves less than `margin` is ended.
    """

    log: Path
    environ: Mapping[str, str]
    margin: Margin | None = None
    running: set[subprocess.Popen[bytes]] = field(default_factory=set, compare=False)
    """Those that run now, in whatever thread."""

    def run(
        self, *argv: str | Path, stdin: bytes | None = None, cwd: Path | None = None, name: str | None = None
    ) -> None:
        """Run a tool to its end; raises ToolError when it fails, UnmetError without it.

        `name` is what a failure calls it, where that is not the first word.
        """
        self._run(Command(argv, name=name), None, stdin, cwd)

    def perform(self, command: Command) -> None:
        """Run a command with its redirections; raises as `run`, OSError for files that cannot be opened."""
        with ExitStack() as files:
            source = files.enter_context(command.source.open("rb")) if command.source else None
            target = files.enter_context(command.target.open("ab")) if command.target else None
            self._run(command, target, source, None)

    def output(self, *argv: str | Path) -> str:
        """Run a tool and return what it prints (UTF-8); its errors go where `run` sends them."""
        with tempfile.TemporaryFile() as printed:
            self._run(Command(argv), printed, None, None)
            printed.seek(0)
            return printed.read().decode("utf-8", "replace")

    def _run(self, command: Command, output: BinaryIO | None, stdin: bytes | BinaryIO | None, cwd: Path | None) -> None:
        words = [str(word) for word in command.words]
        with self.log.open("ab", buffering=0) as log, _pipe() as (hears, speaks):
            log.write(f"+ {command}\n".encode())
            with _as_file(stdin) as source, speaks:
                outputs = (output.fileno() if output else speaks.fileno(), speaks.fileno())
                process = self._start(words, source, outputs, cwd)
            with Listener(process, hears.fileno(), log) as listener:
                status = self._finish(process, listener)
        if status:
            raise ToolError(command.name or words[0], status, listener.tail())

    def note(self, text: str) -> None:
        """Write one line into the log."""
        with self.log.open("ab") as log:
            log.write(f"{text}\n".encode())

    def extended(self, **environ: str) -> Commands:
        """Return the same with further variables."""
        return Commands(self.log, {**self.environ, **environ}, self.margin, self.running)

    def end(self) -> None:
        """End all that runs, so that threads that wait for it come to their end."""
        for process in tuple(self.running):
            _end_group(process)

    def _start(
        self, words: list[str], stdin: BinaryIO | None, outputs: tuple[int, int], cwd: Path | None
    ) -> subprocess.Popen[bytes]:
        try:
            process = subprocess.Popen(
                words,
                stdin=stdin or subprocess.DEVNULL,
                stdout=outputs[0],
                stderr=outputs[1],
                env=self.environ,
                cwd=cwd,
                process_group=0,
            )
        except FileNotFoundError as fault:
            raise UnmetError.because(f"`{words[0]}` is not installed") from fault
        self.running.add(process)
        return process

    def _finish(self, process: subprocess.Popen[bytes], listener: Listener) -> int:
        """Wait for a tool; end it when the wait is interrupted, or when it says or takes more than can be meant."""
        try:
            while True:
                over = listener.listen(_LOOKED_AT)
                _refuse_flood(listener.heard)
                if over:
                    return process.wait()
                if self.margin and (short := self.margin.shortage()):
                    _end_group(process, listener.listen_to_the_end)
                    listener.remark(f"ended by the builder: {short} (No space left on device)")
                    return process.returncode or -signal.SIGTERM
        except BaseException:
            _end_group(process, listener.listen_to_the_end)
            raise
        finally:
            self.running.discard(process)


def _refuse_flood(said: int) -> None:
    if said > MOST_SAID:
        raise RecipeError.because(f"a tool said more than {format_size(MOST_SAID)}, and was ended")


@contextmanager
def _pipe() -> Iterator[tuple[BinaryIO, BinaryIO]]:
    """Give both ends of a pipe; whoever has the writing end can also open it by its name, `/dev/stderr` for one."""
    hears, speaks = os.pipe()
    with os.fdopen(hears, "rb", buffering=0) as hearing, os.fdopen(speaks, "wb", buffering=0) as speaking:
        os.fchmod(speaks, 0o622)
        yield hearing, speaking


@contextmanager
def _as_file(stdin: bytes | BinaryIO | None) -> Iterator[BinaryIO | None]:
    """Give a tool's input as a file, so that nobody has to feed it while it is watched."""
    if not isinstance(stdin, bytes):
        yield stdin
        return
    with tempfile.TemporaryFile() as stream:
        stream.write(stdin)
        stream.seek(0)
        yield stream


def _end_group(process: subprocess.Popen[bytes], wait: Callable[[float], object] | None = None) -> None:
    """Tell a command and all it started to end, and make them when they do not.

    Each command has a process group of its own: mmdebstrap 1.3 hangs up its whole group when it fails
    (`kill HUP => -getpgrp()`), which would be the caller's, a cron job's or CI's. `wait` waits for so many seconds, and
    listens: what nobody listens to does not come to its end.
    """
    if process.poll() is not None:
        return
    os.killpg(process.pid, signal.SIGTERM)
    try:
        if wait:
            wait(_GRACE)
        process.wait(0 if wait else _GRACE)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def end(process: subprocess.Popen[bytes]) -> None:
    """Tell a process to end, and make it when it does not."""
    process.terminate()
    try:
        process.wait(_GRACE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
