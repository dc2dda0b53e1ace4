"""The tables of actions and preconditions that a recipe may use here, as `check` and `plan` want them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from recipe_runner.actions import table as actions
from recipe_runner.engine.action import Action
from recipe_runner.engine.preconditions import table as preconditions
from recipe_runner.errors import InvalidRecipeError, gather
from recipe_runner.language.checks.bash_syntax import check_bash
from recipe_runner.language.checks.static import check
from recipe_runner.language.model import ActionStep, Recipe

if TYPE_CHECKING:
    from pydantic import BaseModel


class ActionModels(Mapping[str, "type[BaseModel]"]):
    """The model of every action's arguments by the action's name; an action is imported when it is asked for."""

    def __getitem__(self, name: str) -> type[BaseModel]:
        return actions.load(name).Arguments

    def __iter__(self) -> Iterator[str]:
        return iter(actions.names())

    def __len__(self) -> int:
        return len(actions.names())


def used_actions(recipe: Recipe) -> dict[str, Action]:
    """Load the actions that the recipe names; unknown ones are left to `check`."""
    named = {step.action for step in recipe.steps if isinstance(step, ActionStep)}
    return {name: actions.load(name) for name in sorted(named) if actions.known(name)}


def suppliers(names: Iterable[str]) -> dict[str, str]:
    """Return which distribution and version supplies each action."""
    return {name: actions.supplier(name) for name in names}


def refuse_faults(recipe: Recipe) -> None:
    """Raise InvalidRecipeError with everything that is wrong with the recipe, bash's syntax errors included."""
    shell = [script for script in recipe.scripts() if script.language == "bash"]
    faults = (*check(recipe, actions=ActionModels(), preconditions=preconditions.kinds()), *check_bash(shell))
    if faults:
        raise InvalidRecipeError(*gather(faults))
