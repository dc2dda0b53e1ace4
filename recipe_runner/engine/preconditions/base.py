"""What a kind of precondition is; the kinds are the modules beside this one, other distributions may add more."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from pydantic import BaseModel, ConfigDict


@dataclass(frozen=True, slots=True)
class World:
    """What a precondition may look at besides the machine itself; passed in so that tests can choose it."""

    environ: Mapping[str, str]
    directory: Path


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found: one line for the operator's table, and what to do where the requirement is not met."""

    met: bool
    detail: str
    hint: str | None = None


class Precondition(BaseModel):
    """The base of every kind: its fields are the keys of the recipe's YAML, the first one being the kind's own name."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    kind: ClassVar[str]
    summary: ClassVar[str]

    def text(self) -> str:
        """Say in one line what is required."""
        raise NotImplementedError

    def evaluate(self, world: World) -> Finding:
        """Look, change nothing, and report; an obstacle to looking is an unmet requirement, not an exception."""
        raise NotImplementedError
