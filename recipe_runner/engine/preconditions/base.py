"""What a kind of precondition is; the kinds are the modules beside this one, other distributions may add more."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

from pydantic import BaseModel, ConfigDict

from recipe_runner.engine.preconditions.world import Finding, World

__all__ = ["Finding", "Precondition", "World"]


class Precondition(BaseModel, ABC):
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

    @abstractmethod
    def text(self) -> str:
        """Say in one line what is required."""

    def limit(self) -> float:
        """Return the seconds after which looking is given up and the requirement counts as unmet."""
        return 30.0

    @abstractmethod
    def evaluate(self, world: World) -> Finding:
        """Look, change nothing, and report.

        An obstacle to looking is an unmet requirement: return it as a finding, or raise UnmetError.
        """
