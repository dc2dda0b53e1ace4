"""Booting an image: watched, to learn whether it comes up, or by hand at its serial console."""

from __future__ import annotations

import os
import select
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from builders.boot.machine import Machine
from builders.boot.watch import Watch
from builders.build.buildinfo import parse_info
from builders.build.command import end
from builders.build.e2fsprogs import cache_directory
from builders.publish.tree import BUILD_INFO
from recipe_runner.errors import RecipeError
from recipe_runner.sanitise import line

DEFAULT_MARKER = "login:"
_TICK = 0.5


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a watched boot ended; `fault` is empty when the marker came."""

    fault: str
    seconds: float

    @property
    def passed(self) -> bool:
        """Say whether the machine came up."""
        return not self.fault


def marker_of(image: Path) -> str:
    """Return the text that proves this image up: what the build beside it says, else a login prompt."""
    try:
        info = parse_info((image.parent / BUILD_INFO).read_text("utf-8"))
    except (OSError, UnicodeDecodeError):
        return DEFAULT_MARKER
    return info.get("boot_marker") or DEFAULT_MARKER


@contextmanager
def open_log(machine: Machine) -> Iterator[BinaryIO]:
    """Give a new file for a console in the user's cache; it stays there."""
    directory = cache_directory() / "boot"
    directory.mkdir(parents=True, exist_ok=True)
    prefix = f"{machine.image.stem}-{machine.firmware}-"
    with tempfile.NamedTemporaryFile(prefix=prefix, suffix=".log", dir=directory, delete=False) as log:
        yield cast("BinaryIO", log)


def check_boot(machine: Machine, marker: str, limit: float, log: BinaryIO, tick: Callable[[float], None]) -> Outcome:
    """Boot until the marker, a sign of failure, the machine's end or `limit` seconds.

    The console is written to `log` as it comes; `tick` is told the seconds that passed since it was told last.
    """
    with tempfile.TemporaryDirectory(prefix="boot-") as work:
        argv = machine.argv(Path(work), interactive=False)
        began = told = time.monotonic()
        with subprocess.Popen(
            argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        ) as process:
            try:
                console = _Console(process, log)
                watch = Watch(marker)
                verdict = None
                while verdict is None:
                    data = console.read(_TICK)
                    now = time.monotonic()
                    tick(now - told)
                    told = now
                    verdict = watch.feed(data) if data else None
                    if verdict is None and data == b"":
                        verdict = f"the machine ended before it showed `{line(marker)}`"
                    if verdict is None and now - began > limit:
                        verdict = f"`{line(marker)}` did not come within {limit:.0f} s"
            finally:
                end(process)
        return Outcome(verdict, time.monotonic() - began)


def boot_by_hand(machine: Machine) -> None:
    """Give the person the serial console until the machine is switched off; raises RecipeError when QEMU fails."""
    with tempfile.TemporaryDirectory(prefix="boot-") as work:
        status = subprocess.run(machine.argv(Path(work), interactive=True), check=False).returncode
    if status:
        raise RecipeError.because(f"QEMU ended with status {status}")


class _Console:
    """The machine's serial output, copied to the log while it is read."""

    def __init__(self, process: subprocess.Popen[bytes], log: BinaryIO) -> None:
        if process.stdout is None:
            raise ValueError("the process has no output pipe")
        self._pipe = process.stdout.fileno()
        self._log = log
        self._poll = select.poll()
        self._poll.register(self._pipe, select.POLLIN)

    def read(self, wait: float) -> bytes | None:
        """Return what came, b"" at the end, None when nothing came in `wait` seconds."""
        if not self._poll.poll(wait * 1000):
            return None
        data = os.read(self._pipe, 1 << 16)
        self._log.write(data)
        self._log.flush()
        return data
