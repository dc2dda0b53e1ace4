"""Scratch directories of builds, removed with what is still at work in them after a kill or an interrupt."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path

from builders.orphans import end_orphans, remove
from recipe_runner import claims


def claimed(parent: Path, prefix: str, label: str = "", *, mode: int = 0o700) -> AbstractContextManager[Path]:
    """Give a fresh directory as `recipe_runner.claims.claimed` does; what is removed is at rest before."""
    return claims.claimed(parent, prefix, label, mode=mode, remove=_clear)


def _clear(place: Path) -> None:
    end_orphans(place)
    remove(place)
