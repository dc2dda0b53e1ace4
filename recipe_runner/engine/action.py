"""What the engine asks of a kind of typed step; `recipe_runner.actions` and other distributions provide them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from pydantic import BaseModel

Outputs = Mapping[str, str | list[str]]


class Action(Protocol):
    """A kind of typed step.

    The class is instantiated without arguments. `run` is called in a child process of its own, so that a time limit,
    an interrupt or a crash ends the work without harming the run: it prints its progress to standard output as lines,
    returns its outputs, and raises RecipeError for a failure the operator can understand.
    """

    name: str
    summary: str
    Arguments: type[BaseModel]

    def run(self, arguments: BaseModel) -> Outputs:
        """Do the work; called again after a crash, it must find what it already made instead of making it twice."""
        ...

    def preview(self, arguments: BaseModel) -> Iterable[str]:
        """Say, a line each, what `run` would do; touches nothing."""
        ...
