"""A program that writes one run again and again, and is stopped at the first, the second, the third … change it makes.

Usage: python -m tests.recipe_runner.journal.dying HOME FINGERPRINT DIRECTORY MANNER [TEMPLATE]

Each attempt gets DIRECTORY/<number>/. MANNER is `before` (killed instead of the change), `half` (killed when a write
has got half of its bytes out), `once` (the system refuses the change) or `full` (it refuses all from there on). With
TEMPLATE, a run's directory, each attempt reopens a copy of it instead of writing a new run. What has been acknowledged
is listed in DIRECTORY/<number>/acknowledged, a line for each event.
"""

from __future__ import annotations

import errno
import itertools
import os
import shutil
import signal
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from recipe_runner.engine.events import Event
from recipe_runner.errors import IncompleteError
from recipe_runner.journal.signers.gpg import GpgSigner
from recipe_runner.journal.store.journal import Journal
from tests.recipe_runner.journal.runs import TWO, genesis

CHANGES = (
    "write",
    "pwrite",
    "fsync",
    "fdatasync",
    "ftruncate",
    "rename",
    "replace",
    "mkdir",
    "posix_fallocate",
    "unlink",
)
REAL: dict[str, Callable[..., Any]] = {name: getattr(os, name) for name in CHANGES}


def arm(point: int, manner: str, place: Path) -> None:
    """Kill this process at the change with this number, or have the change refused; says so in the file `reached`."""
    count = itertools.count()

    def wrap(name: str) -> Callable[..., Any]:
        def change(*arguments: Any, **options: Any) -> Any:
            if name == "write" and _in_memory(arguments[0]):
                return REAL[name](*arguments, **options)
            now = next(count)
            if now == point:
                os.close(os.open(place / "reached", os.O_CREAT | os.O_WRONLY))
            if name != "unlink" and ((manner == "once" and now == point) or (manner == "full" and now >= point)):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            if now == point and manner in {"before", "half"}:
                if manner == "half" and name in {"write", "pwrite"}:
                    descriptor, data, *rest = arguments
                    REAL[name](descriptor, bytes(data)[: len(data) // 2], *rest)
                os.kill(os.getpid(), signal.SIGKILL)
            return REAL[name](*arguments, **options)

        return change

    for name in CHANGES:
        setattr(os, name, wrap(name))


def _in_memory(descriptor: int) -> bool:
    """Say whether a file is one of memory: what is written there changes nothing that outlives the process."""
    return str(Path(f"/proc/self/fd/{descriptor}").readlink()).startswith("/memfd:")


def write(place: Path, signer: GpgSigner, template: Path | None) -> None:
    """Write a run, or reopen one, saying what has been acknowledged."""
    listing = os.open(place / "acknowledged", os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def acknowledge(event: Event) -> None:
        REAL["write"](listing, f"{type(event).__name__}\n".encode())

    run = place / "a-run"
    if template:
        Journal.reopen(run, lambda _: signer).close()
        return
    with Journal.create(run, genesis(), signer) as journal:
        acknowledge(genesis())
        unsealed: list[Event] = []
        for event in TWO:
            journal.record(event)
            unsealed.append(event)
            if not journal.owes:
                for sealed in unsealed:
                    acknowledge(sealed)
                unsealed.clear()


def attempt(point: int, manner: str, place: Path, signer: GpgSigner, template: Path | None) -> int:
    """Write until stopped and return an exit code; being refused is no failure if it is reported as it should be."""
    arm(point, manner, place)
    try:
        write(place, signer, template)
    except IncompleteError:
        return 0
    except BaseException:  # noqa: BLE001 - anything else is a bug, which the exit code tells
        traceback.print_exc()
        return 1
    return 0


def main(home: str, fingerprint: str, directory: str, manner: str, template: str | None = None) -> None:
    """Attempt until an attempt comes to its end."""
    signer = GpgSigner.find(fingerprint, home=Path(home))
    source = Path(template) if template else None
    for point in itertools.count():
        place = Path(directory) / f"{point:03}"
        place.mkdir(parents=True)
        if source:
            shutil.copytree(source, place / "a-run")
        child = os.fork()
        if child == 0:
            os._exit(attempt(point, manner, place, signer, source))
        _, status = os.waitpid(child, 0)
        if status not in {0, signal.SIGKILL}:
            sys.exit(f"attempt {point} failed by itself")
        if not (place / "reached").exists():
            return


if __name__ == "__main__":
    main(*sys.argv[1:])
