"""Runs that met trouble again and again, by the means of `faulty` and `waiting`, as tests look at them."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.command import environment

ROOT = Path(__file__).parents[3]


@dataclass(frozen=True)
class Attempt:
    """A run that met trouble, as it was then and as it was resumed."""

    place: Path
    told: dict[str, int]

    @property
    def stopped(self) -> list[dict[str, Any]]:
        """The whole lines of the journal when the run was stopped."""
        raw = (self.place / "stopped.jsonl").read_bytes()
        return [json.loads(line) for line in raw.split(b"\n")[:-1]]

    @property
    def sealed(self) -> list[dict[str, Any]]:
        """Those of them that a seal covers."""
        lines = self.stopped
        return lines[: max((record["n"] for record in lines if record["t"] == "seal"), default=0)]

    @property
    def log(self) -> list[str]:
        """What the steps did, over all sessions."""
        return (self.place / "log").read_text().split()


def attempts(means: str, place: Path, *arguments: str) -> list[Attempt]:
    """Run the module `means` until a run meets no trouble any more; return all of them, that one last."""
    argv = [sys.executable, "-m", means, str(place), *arguments]
    subprocess.run(argv, check=True, cwd=ROOT, env=environment(), stdin=subprocess.DEVNULL, timeout=900)
    return [Attempt(told.parent, json.loads(told.read_text())) for told in sorted(place.glob("*/told"))]
