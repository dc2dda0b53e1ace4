"""What a kind of precondition is; the kinds are the modules beside this one, other distributions may add more."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import ClassVar

from pydantic import BaseModel, ConfigDict

from recipe_runner.engine.values import Text


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class World:
    """What a precondition may look at besides the machine itself; passed in so that tests can choose it.

    Programs see `environ`, scripts the run's parameters in `texts` besides; relative paths are taken from `directory`;
    `clock` returns an aware time.
    """

    environ: Mapping[str, str]
    directory: Path
    texts: Mapping[str, Text] = field(default_factory=dict)
    clock: Callable[[], datetime] = _now

    def path(self, name: str) -> Path:
        """Return the absolute path that a recipe means by `name`; a leading `~` is the user's home."""
        return self.directory.absolute() / os.path.expanduser(name)  # noqa: PTH111 (Path's own raises without a home)


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found: one line for the operator's table, and what to do where the requirement is not met."""

    met: bool
    detail: str
    hint: str | None = None


class Precondition(BaseModel):
    """The base of every kind: its fields are the keys of the recipe's YAML, the first one being the kind's own name.

    A field `signed_by` is the key `signed-by`. `verbatim` names the keys whose text is code, in which `${name}` is the
    code's own and must not be replaced by the value of a parameter.
    """

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        populate_by_name=True,
        alias_generator=lambda name: name.replace("_", "-"),
    )

    kind: ClassVar[str]
    summary: ClassVar[str]
    verbatim: ClassVar[frozenset[str]] = frozenset()

    def text(self) -> str:
        """Say in one line what is required."""
        raise NotImplementedError

    def limit(self) -> float:
        """Return the seconds after which looking is given up and the requirement counts as unmet."""
        return 30.0

    def evaluate(self, world: World) -> Finding:
        """Look, change nothing, and report.

        An obstacle to looking is an unmet requirement: return it as a finding, or raise UnmetError.
        """
        raise NotImplementedError
