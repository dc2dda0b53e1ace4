"""What a precondition looks at, and what it finds there."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from msgspec import Struct

from recipe_runner.engine.values import Text


def _now() -> datetime:
    return datetime.now(UTC)


class World(Struct, frozen=True):
    """What a precondition may look at besides the machine itself; passed in so that tests can choose it.

    Programs see `environ`, scripts the run's parameters in `texts` besides; relative paths are taken from `directory`;
    `clock` returns an aware time.
    """

    environ: Mapping[str, str]
    directory: Path
    texts: Mapping[str, Text] = {}
    clock: Callable[[], datetime] = _now

    def path(self, name: str) -> Path:
        """Return the absolute path that a recipe means by `name`; a leading `~` is the user's home."""
        return self.directory.absolute() / os.path.expanduser(name)  # noqa: PTH111 (Path's own raises without a home)


class Finding(Struct, frozen=True):
    """What was found: one line for the operator's table, and what to do where the requirement is not met."""

    met: bool
    detail: str
    hint: str | None = None
