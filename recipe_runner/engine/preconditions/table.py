"""The kinds of preconditions by name: this project's own, and those that other distributions bring."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from importlib import import_module, metadata
from typing import cast

from recipe_runner.engine.preconditions.base import Precondition
from recipe_runner.errors import UsageError

GROUP = "recipe_runner.preconditions"
DISTRIBUTION = "recipe-runner"

FIRST_PARTY = {
    "command": "commands:Command",
    "dir": "files:Dir",
    "disk": "space:Disk",
    "env": "variables:Env",
    "file": "files:File",
    "git": "repository:Git",
    "gpg-key": "keys:GpgKey",
    "host": "network:Host",
    "http": "network:Http",
    "memory": "space:Memory",
    "python": "commands:Python",
    "script": "scripts:Script",
    "time": "times:Time",
}
"""Kind → module of this package and class."""


class Kinds(Mapping[str, type[Precondition]]):
    """Name → class; a class is imported when it is asked for."""

    def __init__(self, plugged: Mapping[str, metadata.EntryPoint]) -> None:
        self._plugged = plugged

    def __getitem__(self, kind: str) -> type[Precondition]:
        if kind in FIRST_PARTY:
            module, name = FIRST_PARTY[kind].split(":")
            return cast("type[Precondition]", getattr(import_module(f"{__package__}.{module}"), name))
        return _load(self._plugged[kind])

    def __iter__(self) -> Iterator[str]:
        return iter(sorted({*FIRST_PARTY, *self._plugged}))

    def __len__(self) -> int:
        return len({*FIRST_PARTY, *self._plugged})


def kinds() -> Mapping[str, type[Precondition]]:
    """Return every kind by name; this project's own win over others of the same name.

    Looking a kind up raises KeyError where there is none, UsageError where another distribution's cannot be loaded.
    """
    return Kinds(_plugged())


def supplier(kind: str) -> str:
    """Return the distribution and version that brings a kind, such as `recipe-runner 0.1.0`; raises KeyError."""
    if kind in FIRST_PARTY:
        return f"{DISTRIBUTION} {metadata.version(DISTRIBUTION)}"
    return _origin(_plugged()[kind])


@cache
def _plugged() -> Mapping[str, metadata.EntryPoint]:
    return {point.name: point for point in metadata.entry_points(group=GROUP)}


def _origin(point: metadata.EntryPoint) -> str:
    return f"{point.dist.name} {point.dist.version}" if point.dist else "unknown"


def _load(point: metadata.EntryPoint) -> type[Precondition]:
    try:
        found = point.load()
    except Exception as error:
        raise UsageError.because(
            f"precondition `{point.name}` of `{_origin(point)}` cannot be loaded: {error}",
            hint="mend or remove that distribution",
        ) from error
    if not (isinstance(found, type) and issubclass(found, Precondition)):
        raise UsageError.because(f"precondition `{point.name}` of `{_origin(point)}` is not a kind of precondition")
    return found
