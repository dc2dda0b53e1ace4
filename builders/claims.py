"""Scratch directories of builds, swept with what a killed build left at work in them."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path

from builders.orphans import end_orphans, remove
from recipe_runner import claims


def claimed(parent: Path, prefix: str, label: str = "", *, mode: int = 0o700) -> AbstractContextManager[Path]:
    """Give a fresh directory as `recipe_runner.claims.claimed` does; what is swept is at rest before it is removed."""
    return claims.claimed(parent, prefix, label, mode=mode, remove=remove, sweep=_sweep)


def _sweep(rest: Path) -> None:
    end_orphans(rest)
    remove(rest)
