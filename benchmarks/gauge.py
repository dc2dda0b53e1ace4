"""What a way to an image takes: seconds of the clock and of processors, memory and disk at their peaks."""

from __future__ import annotations

import hashlib
import os
import resource
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from ways import MEMORY, RECIPE


@dataclass(frozen=True, slots=True)
class Builder:
    """One way to an image: `make` works in an empty directory and returns the raw disk and the qcow2, or neither."""

    name: str
    make: Callable[[Path], tuple[Path, ...]]
    needs: str | None = None


@dataclass(slots=True)
class Measured:
    """What the rounds of one builder took: seconds, bytes at the peak, hashes and sizes of what came out.

    `work` are seconds of processors, which say more than the clock where other work goes on beside.
    """

    seconds: list[float] = field(default_factory=list)
    work: list[float] = field(default_factory=list)
    memory: int = 0
    disk: int = 0
    hashes: set[str] = field(default_factory=set)
    size: int = 0
    boots: str = ""


def measured(builder: Builder, place: Path, rounds: int, *, boot: bool) -> Measured:
    """Build several times, each time in a directory of its own; raises OSError and SubprocessError."""
    result = Measured()
    for number in range(rounds):
        with tempfile.TemporaryDirectory(prefix=f"round {number} ", dir=place) as folder:
            work = Path(folder)
            work.chmod(0o755)
            with peaks(result, place):
                began, spent = time.perf_counter(), processors()
                made = builder.make(work)
                result.seconds.append(time.perf_counter() - began)
                result.work.append(processors() - spent)
            if made:
                raw, image = made
                with raw.open("rb") as stream:
                    result.hashes.add(hashlib.file_digest(stream, "sha256").hexdigest())
                result.size = image.stat().st_size
                if boot and number == 0:
                    argv = [RECIPE, "image", "boot", image, "--check", "--firmware", "bios"]
                    result.boots = "no" if subprocess.run(argv, capture_output=True, check=False).returncode else "yes"
    return result


def processors() -> float:
    """Return the seconds of processors that all children have used that are over."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


@contextmanager
def peaks(result: Measured, place: Path) -> Iterator[None]:
    """Watch, five times a second, what this process's children hold in memory and what lies on disk and in /dev/shm."""
    done = threading.Event()
    before = [shutil.disk_usage(path).used for path in (place, MEMORY)]

    def watch() -> None:
        while not done.wait(0.2):
            used = [shutil.disk_usage(path).used - was for path, was in zip((place, MEMORY), before, strict=True)]
            result.memory = max(result.memory, resident(os.getpid()))
            result.disk = max(result.disk, sum(used))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()


def resident(process: int) -> int:
    """Return the bytes that the children of a process, and theirs, have in memory."""
    children: dict[int, list[int]] = {}
    pages: dict[int, int] = {}
    for path in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((path / "stat").read_text().rpartition(")")[2].split()[1])
            pages[int(path.name)] = int((path / "statm").read_text().split()[1])
        except (OSError, ValueError, IndexError):
            continue
        children.setdefault(parent, []).append(int(path.name))
    todo, total = [*children.get(process, [])], 0
    while todo:
        number = todo.pop()
        total += pages.get(number, 0)
        todo += children.get(number, [])
    return total * os.sysconf("SC_PAGE_SIZE")
