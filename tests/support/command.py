"""The command `recipe` as a whole process, for tests."""

from __future__ import annotations

import atexit
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from tests.support.warm import LIMIT, Warm

RECIPE = Path(sys.executable).parent / "recipe"


def _for_python(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that Python itself reads, once, at its start."""
    return {name: text for name, text in environ.items() if name.startswith(("PYTHON", "LANG", "LC_"))}


STARTED = _for_python(os.environ)


@cache
def _warm() -> Warm:
    warm = Warm()
    atexit.register(warm.stop)
    return warm


def environment(more: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return our environment with the command on the path."""
    return {**os.environ, "PATH": f"{RECIPE.parent}:{os.environ['PATH']}", **(more or {})}


def recipe(
    *arguments: str | Path, directory: Path | None = None, environ: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run the command without a terminal and return what came of it."""
    argv, variables = [str(RECIPE), *map(str, arguments)], environment(environ)
    if _for_python(variables) == STARTED:
        return _warm().run(argv, directory or Path.cwd(), variables)
    return subprocess.run(
        argv,
        cwd=directory,
        env=variables,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=LIMIT,
        check=False,
    )


@contextmanager
def started(directory: Path, *options: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run the recipe `r.md` of a directory in a process of its own; give it when a step has made the file `started`."""
    argv = [str(RECIPE), "run", "r.md", "--yes", "--runs", "runs", *options]
    with subprocess.Popen(
        argv, cwd=directory, env=environment(), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL
    ) as runner:
        deadline = time.monotonic() + LIMIT
        while not (directory / "started").exists():
            assert time.monotonic() < deadline
            time.sleep(0.02)
        yield runner


def only_run(runs: Path) -> Path:
    """Return the only run below a directory."""
    (run,) = (path for path in runs.iterdir() if not path.name.startswith("."))
    return run


def records(run: Path) -> list[dict[str, Any]]:
    """Return the lines of a run's journal."""
    return [json.loads(line) for line in (run / "journal.jsonl").read_text().splitlines()]
