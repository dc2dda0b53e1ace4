"""Which kinds of typed step there are: our own, then those that other distributions bring by entry point."""

from __future__ import annotations

import importlib
from functools import cache
from importlib.metadata import EntryPoint, entry_points, version
from typing import cast

from recipe_runner.engine.action import Action
from recipe_runner.errors import UsageError

OWN = {"http.check": "recipe_runner.actions.http:HttpCheck"}
GROUP = "recipe_runner.actions"
DISTRIBUTION = "recipe-runner"


@cache
def _others() -> dict[str, EntryPoint]:
    return {entry.name: entry for entry in entry_points(group=GROUP) if entry.name not in OWN}


def names() -> list[str]:
    """Return the names of every action that can be used here."""
    return sorted({*OWN, *_others()})


@cache
def load(name: str) -> Action:
    """Import and make the action of this name; raises KeyError, or UsageError where its distribution is broken."""
    if name in OWN:
        module, _, attribute = OWN[name].partition(":")
        return cast("Action", getattr(importlib.import_module(module), attribute)())
    entry = _others()[name]
    try:
        return cast("Action", entry.load()())
    except (ImportError, AttributeError) as error:
        raise UsageError.because(
            f"action `{name}` of `{supplier(name)}` cannot be loaded: {error}", hint="install that distribution again"
        ) from error


def supplier(name: str) -> str:
    """Return the distribution and version that supply an action; raises KeyError."""
    if name in OWN:
        return f"{DISTRIBUTION} {version(DISTRIBUTION)}"
    distribution = _others()[name].dist
    return f"{distribution.name} {distribution.version}" if distribution else "unknown"
