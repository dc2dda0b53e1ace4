"""The tables of actions and preconditions that a recipe may use here, as `check` and `plan` want them."""

from __future__ import annotations

from collections.abc import Iterable

from recipe_runner.actions import table as actions
from recipe_runner.engine.action import Action
from recipe_runner.engine.preconditions import table as preconditions
from recipe_runner.errors import InvalidRecipeError, gather
from recipe_runner.language.model import ActionStep, Recipe
from recipe_runner.language.static import check


def used_actions(recipe: Recipe) -> dict[str, Action]:
    """Load the actions that the recipe names; unknown ones are left to `check`."""
    known = set(actions.names())
    named = (step.action for step in recipe.steps if isinstance(step, ActionStep))
    return {name: actions.load(name) for name in named if name in known}


def suppliers(names: Iterable[str]) -> dict[str, str]:
    """Return which distribution and version supplies each action."""
    return {name: actions.supplier(name) for name in names}


def refuse_faults(recipe: Recipe, loaded: dict[str, Action]) -> None:
    """Raise InvalidRecipeError with everything that is wrong with the recipe."""
    faults = check(recipe, actions={n: a.Arguments for n, a in loaded.items()}, preconditions=preconditions.kinds())
    if faults:
        raise InvalidRecipeError(*gather(faults))
