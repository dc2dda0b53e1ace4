"""The command line in forked children of one process: cheap enough to be stopped at every change that a run makes.

Usage: python -m tests.recipe_runner.cli.faulty DIRECTORY KEY TROUBLE

Each attempt has DIRECTORY/<number>/ with a copy of DIRECTORY/r.md. Its run meets trouble at its first, second, third …
occasion; then the disk is well again, and the run is verified, resumed, and verified. What came of each attempt is
written to DIRECTORY/<number>/told as JSON. The last attempt meets no trouble. TROUBLE is

`kill`            the run is killed instead of making a change below its directory;
`once-EIO`        that change is refused with an errno;
`from-EROFS`      that change and all later ones are refused;
`full`            the run's file system (a tmpfs, so root is needed) has so many pages left;
`trace-fdatasync` strace has the kernel answer that call of the system with EIO.
"""

from __future__ import annotations

import errno
import importlib
import itertools
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from recipe_runner.cli.main import run as recipe
from recipe_runner.journal.policy import Policy
from recipe_runner.journal.verification.verify import verify

NAMED = ("rename", "replace", "mkdir", "open")
OPENED = ("write", "pwrite", "fsync", "fdatasync", "ftruncate", "posix_fallocate")
REAL: dict[str, Callable[..., Any]] = {name: getattr(os, name) for name in (*NAMED, *OPENED)}
PAGES = 48
"""Pages of the small file system, of 4 KiB each."""


def change_below(directory: Path, name: str, first: Any, *arguments: Any) -> bool:
    """Say whether a call changes something below a directory."""
    path = os.readlink(f"/proc/self/fd/{first}") if isinstance(first, int) else os.path.abspath(first)  # noqa: PTH100, PTH115
    if not path.startswith(str(directory)):
        return False
    return not (name == "open" and not arguments[0] & os.O_CREAT) and not (name == "mkdir" and Path(path).is_dir())


def arm(place: Path, point: int, how: str, code: str) -> None:
    """Stop this process at a change below `runs`, or have the change refused."""
    count = itertools.count()

    def wrap(name: str) -> Callable[..., Any]:
        def change(*arguments: Any, **options: Any) -> Any:
            if change_below(place / "runs", name, *arguments):
                now = next(count)
                if now == point:
                    REAL["mkdir"](place / "met")
                    if how == "kill":
                        os.kill(os.getpid(), signal.SIGKILL)
                if (how == "once" and now == point) or (how == "from" and now >= point):
                    number = getattr(errno, code)
                    raise OSError(number, os.strerror(number))
            return REAL[name](*arguments, **options)

        return change

    for name in REAL:
        setattr(os, name, wrap(name))


def begin(place: Path, name: str, arguments: list[str], prepare: Callable[[], None]) -> int:
    """Start the command in a child in a directory and return its process id."""
    process = os.fork()
    if process:
        return process
    code = 70
    try:
        os.chdir(place)
        said = os.open(place / f"{name}.txt", os.O_WRONLY | os.O_CREAT)
        os.dup2(said, 1)
        os.dup2(said, 2)
        prepare()
        code = recipe(arguments)
    finally:
        os._exit(code)


def end(process: int) -> int:
    """Wait for a child and return its exit code, or the signal that ended it, negative."""
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


def command(place: Path, name: str, *arguments: str) -> int:
    """Run the command in a child and return its exit code."""
    return end(begin(place, name, list(arguments), lambda: None))


@contextmanager
def small(place: Path, left: int) -> Iterator[Path]:
    """Mount a file system with so many pages left at `runs`; the file that is given holds the rest."""
    runs, filler = place / "runs", place / "runs" / ".filler"
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={PAGES * 4}k", "tmpfs", runs], check=True)
    try:
        filler.write_bytes(bytes((PAGES - left) * 4096))
        yield filler
    finally:
        subprocess.run(["umount", runs], check=True)


def traced(process: int, place: Path, call: str, point: int) -> int:
    """Have a stopped child's call answered with EIO for the given time; let it go on, and return its exit code."""
    inject = ["-e", f"trace={call}", "-e", f"inject={call}:error=EIO:when={point + 1}"]
    argv = ["strace", "-qq", "-o", str(place / "trace"), "-p", str(process), *inject]
    with subprocess.Popen(argv, stdin=subprocess.DEVNULL) as tracer:
        while tracer.poll() is None and "\nTracerPid:\t0\n" in Path(f"/proc/{process}/status").read_text():
            os.sched_yield()
        os.kill(process, signal.SIGCONT)
        code = end(process)
    if "(INJECTED)" in (place / "trace").read_text():
        (place / "met").mkdir()
    return code


def troubled(place: Path, key: str, trouble: str, point: int) -> int:
    """Run the recipe in trouble and return its exit code; `met` tells that there was any."""
    arguments = ["run", "r.md", "--yes", "--runs", "runs", "--key", key]
    how, _, what = trouble.partition("-")
    if how == "full":
        code = end(begin(place, "run", arguments, lambda: None))
        if code:
            (place / "met").mkdir()
        return code
    if how == "trace":
        process = begin(place, "run", arguments, lambda: os.kill(os.getpid(), signal.SIGSTOP))
        os.waitpid(process, os.WUNTRACED)
        return traced(process, place, what, point)
    return end(begin(place, "run", arguments, lambda: arm(place, point, how, what)))


def aftermath(place: Path) -> dict[str, int]:
    """Verify what is there, go on with it, and verify it again."""
    runs = place / "runs"
    found = [path for path in runs.iterdir() if not path.name.startswith(".")] if runs.exists() else []
    if not found:
        return {}
    (run,) = found
    shutil.copy(run / "journal.jsonl", place / "stopped.jsonl")
    judge = ("verify", str(run), "--policy", str(place.parent / "policy.toml"))
    return {
        "stopped": command(place, "stopped", *judge),
        "resume": command(place, "resume", "resume", str(run), "--yes"),
        "verify": command(place, "verify", *judge),
    }


def attempt(place: Path, key: str, trouble: str, point: int) -> dict[str, int]:
    """Run in trouble, then without; returns exit codes."""
    if trouble != "full":
        code = troubled(place, key, trouble, point)
        return {"run": code, **aftermath(place)}
    (place / "runs").mkdir()
    with small(place, point) as filler:
        code = troubled(place, key, trouble, point)
        filler.unlink()
        return {"run": code, **aftermath(place)}


def main(directory: Path, key: str, trouble: str) -> None:
    """Attempt until an attempt meets no trouble; what the command needs is imported once, for all of them."""
    for verb in ("run", "resume", "verify"):
        importlib.import_module(f"recipe_runner.cli.{verb}")
    warm = directory / "warm"
    warm.mkdir()
    shutil.copy(directory / "r.md", warm)
    command(warm, "run", "run", "r.md", "--yes", "--runs", "runs", "--key", key)
    (run,) = (warm / "runs").iterdir()
    verify(run, Policy.load(directory / "policy.toml"))
    for point in itertools.count():
        place = directory / f"{point:03}"
        place.mkdir()
        shutil.copy(directory / "r.md", place)
        told = attempt(place, key, trouble, point)
        (place / "told").write_text(json.dumps(told))
        if not (place / "met").exists():
            return


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3])
