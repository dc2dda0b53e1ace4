"""Extension points: what this and other distributions bring by entry-point group, imported when it is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pkgutil import resolve_name
from typing import TYPE_CHECKING, Any

from recipe_runner.errors import UsageError

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

DISTRIBUTION = "recipe-runner"


@dataclass(frozen=True)
class ExtensionPoint:
    """A group of entry points; `what` is the word for one of them, `own` are ours that need no entry point.

    `own` maps a name to `module:attribute`. What this distribution brings wins over others of the same name.
    """

    group: str
    what: str
    own: Mapping[str, str] = field(default_factory=dict)

    def names(self) -> list[str]:
        """Return all names in order."""
        return sorted(self._entries)

    def __contains__(self, name: object) -> bool:
        return name in self.own or name in self._entries

    def load(self, name: str) -> Any:  # noqa: ANN401 - whatever the entry point names
        """Import what has this name; raises KeyError, or UsageError where another distribution's cannot be imported."""
        if name in self.own:
            return resolve_name(self.own[name])
        entry = self._entries[name]
        try:
            return entry.load()
        except Exception as error:
            self._refuse(entry, error)
            raise

    def make(self, name: str) -> Any:  # noqa: ANN401 - whatever the entry point makes
        """Import and call what has this name; raises as `load` does."""
        made = self.load(name)
        try:
            return made()
        except Exception as error:
            if name not in self.own:
                self._refuse(self._entries[name], error)
            raise

    def supplier(self, name: str) -> str:
        """Return the distribution and version that bring it, such as `recipe-runner 0.1.0`; raises KeyError."""
        return _origin(self._entries[name])

    @cached_property
    def _entries(self) -> dict[str, EntryPoint]:
        from importlib.metadata import EntryPoint, entry_points  # noqa: PLC0415 - slow, and few recipes need others'

        found = sorted(entry_points(group=self.group), key=_is_ours)
        return {entry.name: entry for entry in found} | {
            name: EntryPoint(name, value, self.group) for name, value in self.own.items()
        }

    def _refuse(self, entry: EntryPoint, error: Exception) -> None:
        """Blame another distribution for its fault; ours is a bug and stays one."""
        if not _is_ours(entry):
            raise UsageError.because(
                f"{self.what} `{entry.name}` of `{_origin(entry)}` cannot be loaded: {error}",
                hint="mend or remove that distribution",
            ) from error


def _is_ours(entry: EntryPoint) -> bool:
    return entry.dist is None or entry.dist.name == DISTRIBUTION


def _origin(entry: EntryPoint) -> str:
    from importlib.metadata import version  # noqa: PLC0415 - as above

    return f"{entry.dist.name} {entry.dist.version}" if entry.dist else f"{DISTRIBUTION} {version(DISTRIBUTION)}"
