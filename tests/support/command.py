"""The command `recipe` as a whole process, for tests."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

RECIPE = Path(sys.executable).parent / "recipe"


def environment(more: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return our environment with the command on the path."""
    return {**os.environ, "PATH": f"{RECIPE.parent}:{os.environ['PATH']}", **(more or {})}


def recipe(
    *arguments: str | Path, directory: Path | None = None, environ: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run the command without a terminal and return what came of it."""
    return subprocess.run(
        [str(RECIPE), *map(str, arguments)],
        cwd=directory,
        env=environment(environ),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def only_run(runs: Path) -> Path:
    """Return the only run below a directory."""
    (run,) = (path for path in runs.iterdir() if not path.name.startswith("."))
    return run


def records(run: Path) -> list[dict[str, Any]]:
    """Return the lines of a run's journal."""
    return [json.loads(line) for line in (run / "journal.jsonl").read_text().splitlines()]
