"""Which kinds of typed step there are: our own, then those that other distributions bring by entry point."""

from __future__ import annotations

from functools import cache
from typing import cast

from recipe_runner.engine.action import Action
from recipe_runner.plugs import ExtensionPoint

ACTIONS = ExtensionPoint("recipe_runner.actions", "action", {"http.check": "recipe_runner.actions.http:HttpCheck"})


def names() -> list[str]:
    """Return the names of every action that can be used here."""
    return ACTIONS.names()


def known(name: str) -> bool:
    """Say whether there is an action of this name."""
    return name in ACTIONS


@cache
def load(name: str) -> Action:
    """Import and make the action of this name; raises KeyError, or UsageError where its distribution is broken."""
    return cast("Action", ACTIONS.make(name))


def supplier(name: str) -> str:
    """Return the distribution and version that supply an action; raises KeyError."""
    return ACTIONS.supplier(name)
