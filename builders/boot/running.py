"""A machine that runs: its process, and its serial console, which is a file that is read while it grows."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from builders.boot.machine import Machine
from builders.boot.watch import Watch, clean
from builders.workshop.command import end

_FLOOD = 64 << 20
_LARGEST = 4 << 20
"""Bytes of a console that are looked through at the end; a guest may say as much as it likes."""


class Running:
    """A machine whose console goes to `log`; what QEMU itself complains of goes there too."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path, start: int) -> None:
        self.process = process
        self.log = log
        self._start = self._at = start

    def over(self, seconds: float) -> bool:
        """Wait so long at most; say whether the machine has ended."""
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    @property
    def flooded(self) -> bool:
        """Say whether the console has said more than any boot has to say."""
        return self._at - self._start > _FLOOD

    def feed(self, watch: Watch) -> None:
        """Give the watch what the console has said since it was asked last."""
        with self.log.open("rb") as stream:
            stream.seek(self._at)
            while data := stream.read(1 << 16):
                self._at += len(data)
                watch.feed(data)

    def console(self) -> str:
        """Return what the console has said so far, or the end of it."""
        with self.log.open("rb") as stream:
            stream.seek(max(self._start, self.log.stat().st_size - _LARGEST))
            return clean(stream.read(_LARGEST).decode("utf-8", "replace"))


@contextmanager
def started(machine: Machine, work: Path, log: BinaryIO) -> Iterator[Running]:
    """Start the machine, its console at the end of `log`; it has ended when the block has."""
    argv = machine.argv(work, interactive=False)
    path = Path(log.name)
    start = path.stat().st_size
    with subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log) as process:
        try:
            yield Running(process, path, start)
        finally:
            end(process)
