"""The kinds of preconditions by name: this project's own, and those that other distributions bring."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from recipe_runner.errors import UsageError
from recipe_runner.plugs import ExtensionPoint

if TYPE_CHECKING:
    from recipe_runner.engine.preconditions.base import Precondition

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
PRECONDITIONS = ExtensionPoint(
    "recipe_runner.preconditions",
    "precondition",
    {kind: f"{__package__}.{place}" for kind, place in FIRST_PARTY.items()},
)


class Kinds(Mapping[str, "type[Precondition]"]):
    """Name → class; a class is imported when it is asked for."""

    def __getitem__(self, kind: str) -> type[Precondition]:
        from recipe_runner.engine.preconditions.base import Precondition  # noqa: PLC0415 - for recipes that have some

        found = PRECONDITIONS.load(kind)
        if not (isinstance(found, type) and issubclass(found, Precondition)):
            raise UsageError.because(f"precondition `{kind}` of `{supplier(kind)}` is not a kind of precondition")
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(PRECONDITIONS.names())

    def __len__(self) -> int:
        return len(PRECONDITIONS.names())


def kinds() -> Mapping[str, type[Precondition]]:
    """Return every kind by name; this project's own win over others of the same name.

    Looking a kind up raises KeyError where there is none, UsageError where another distribution's cannot be loaded.
    """
    return Kinds()


def supplier(kind: str) -> str:
    """Return the distribution and version that brings a kind, such as `recipe-runner 0.1.0`; raises KeyError."""
    return PRECONDITIONS.supplier(kind)
