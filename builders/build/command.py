"""System tools as the builder runs them: argv lists, one log, failures told with their last lines."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from recipe_runner.errors import Diagnostic, RecipeError, UnmetError
from recipe_runner.sanitise import visible

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
Argv = tuple[str | Path, ...]
"""One command, word by word; no shell reads it."""
_LAST_LINES = 12
_GRACE = 15.0
"""Seconds a tool may take to clean up when it is told to end (mmdebstrap removes its chroot)."""


class ToolError(RecipeError):
    """A tool failed; `said` are the last lines of its output, safe to show."""

    def __init__(self, tool: str, status: int, said: str) -> None:
        how = f"ended with status {status}" if status > 0 else f"was ended by signal {-status}"
        super().__init__(Diagnostic(f"`{tool}` {how}"))
        self.said = said


@dataclass(frozen=True, slots=True)
class Commands:
    """Runs tools with one environment, their output appended to `log`."""

    log: Path
    environ: Mapping[str, str]

    def run(self, *argv: str | Path, stdin: bytes | None = None, cwd: Path | None = None) -> None:
        """Run a tool to its end; raises ToolError when it fails, UnmetError without it."""
        with self.log.open("ab") as log:
            self._run(argv, log.fileno(), stdin, cwd)

    def output(self, *argv: str | Path) -> str:
        """Run a tool and return what it prints (UTF-8); its errors go where `run` sends them."""
        with tempfile.TemporaryFile() as printed:
            self._run(argv, printed.fileno(), None, None)
            printed.seek(0)
            return printed.read().decode("utf-8", "replace")

    def _run(self, argv: Sequence[str | Path], output: int, stdin: bytes | None, cwd: Path | None) -> None:
        words = [str(word) for word in argv]
        with self.log.open("ab") as log:
            log.write(f"+ {shlex.join(words)}\n".encode())
            log.flush()
            start = log.tell()
            status = _finish(words, stdin, (output, log.fileno()), self.environ, cwd)
        if status:
            raise ToolError(words[0], status, _tail(self.log, start))

    def extended(self, **environ: str) -> Commands:
        """Return the same with further variables."""
        return Commands(self.log, {**self.environ, **environ})


def _finish(
    words: list[str], stdin: bytes | None, outputs: tuple[int, int], environ: Mapping[str, str], cwd: Path | None
) -> int:
    try:
        process = subprocess.Popen(
            words,
            stdin=subprocess.DEVNULL if stdin is None else subprocess.PIPE,
            stdout=outputs[0],
            stderr=outputs[1],
            env=environ,
            cwd=cwd,
            process_group=0,
        )
    except FileNotFoundError as fault:
        raise UnmetError.because(f"`{words[0]}` is not installed") from fault
    with process:
        try:
            process.communicate(stdin)
        except BaseException:
            _end_group(process)
            raise
    return process.returncode


def _end_group(process: subprocess.Popen[bytes]) -> None:
    """Tell a command and all it started to end, and make them when they do not.

    Each command has a process group of its own: mmdebstrap 1.3 hangs up its whole group when it fails
    (`kill HUP => -getpgrp()`), which would be the caller's, a cron job's or CI's.
    """
    if process.poll() is not None:
        return
    os.killpg(process.pid, signal.SIGTERM)
    try:
        process.wait(_GRACE)
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


def _tail(log: Path, start: int) -> str:
    with log.open("rb") as stream:
        stream.seek(start)
        lines = visible(stream.read().decode("utf-8", "replace").replace("\r", "\n")).split("\n")
    return "\n".join(f"    {text}" for text in [text for text in lines if text.strip()][-_LAST_LINES:])
