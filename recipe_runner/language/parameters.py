"""What a recipe asks its operator for: declared names with types, limits and defaults."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

from msgspec import Struct

from recipe_runner.errors import Span
from recipe_runner.language.parameter_types import PARAMETER_TYPES
from recipe_runner.language.suggestions import did_you_mean
from recipe_runner.sanitise import line

Value = str | tuple[str, ...]
"""Canonical text: a list is a tuple, everything else one string."""

TypeName = Literal[
    "str", "int", "float", "bool", "choice", "list", "path", "url", "version", "date", "datetime", "duration",
    "serial", "region", "fingerprint", "email", "secret",
]  # fmt: skip
ItemName = Literal[
    "str", "int", "float", "bool", "choice", "path", "url", "version", "date", "datetime", "duration",
    "serial", "region", "fingerprint", "email",
]  # fmt: skip
SHOWN = 60
"""A longer value is cut in messages."""


class Parameter(Struct, frozen=True, kw_only=True):
    """A parameter as it was declared, which `declarations.Declaration` has judged; `default` is canonical text."""

    name: str
    span: Span | None = None
    type: TypeName = "str"
    of: ItemName = "str"
    choices: tuple[str, ...] = ()
    help: str = ""
    prompt: str | None = None
    env: str | None = None
    required: bool = True
    pattern: str | None = None
    min: str | None = None
    max: str | None = None
    default: Value | None = None

    def convert(self, raw: str | Sequence[str]) -> Value:
        """Return the canonical text of what a person gave: for a list a tuple, split at commas if it is one string.

        Raises ValueError with what was found and what is wanted; a secret's value is never part of the message.
        """
        if self.type != "list":
            if not isinstance(raw, str):
                raise ValueError(f"found a list, wanted {PARAMETER_TYPES[self.type].wanted}")
            value = convert_item(self.type, raw)
            _limit(self, value, value)
            return value
        items = [part.strip() for part in raw.split(",")] if isinstance(raw, str) else list(raw)
        if isinstance(raw, str) and not raw.strip():
            items = []
        values = tuple(convert_item(self.of, item) for item in items)
        for value in values:
            _limit(self, value, None)
        _bounds(self, len(values), int, f"{len(values)} values")
        return values


def convert_item(kind: str, raw: str) -> str:
    """Return the canonical text of a single value of a type; raises ValueError with what was found and is wanted."""
    kept = raw if kind in {"str", "choice", "secret"} else raw.strip()
    try:
        return PARAMETER_TYPES[kind].convert(kept)
    except ValueError:
        raise ValueError(f"found {_shown(kind, raw)}, wanted {PARAMETER_TYPES[kind].wanted}") from None


def _limit(parameter: Parameter, value: str, bounded: str | None) -> None:
    shown = _shown(parameter.type, value)
    if parameter.choices and value not in parameter.choices:
        nearest = did_you_mean(value, parameter.choices)
        wanted = f"wanted one of {', '.join(f'`{line(choice)}`' for choice in parameter.choices)}"
        raise ValueError(f"found {shown}, {wanted}" + (f"; did you mean `{line(nearest)}`?" if nearest else ""))
    if parameter.pattern and not _matches(parameter.pattern, value):
        raise ValueError(f"found {shown}, wanted a text that matches `{line(parameter.pattern)}`")
    order = PARAMETER_TYPES[parameter.type].order
    if bounded is not None and order is not None:
        _bounds(parameter, order(bounded), order, shown)


def _bounds(parameter: Parameter, measure: float, order: Callable[[str], float], shown: str) -> None:
    if parameter.min is not None and measure < order(parameter.min):
        raise ValueError(f"found {shown}, wanted at least `{parameter.min}`")
    if parameter.max is not None and measure > order(parameter.max):
        raise ValueError(f"found {shown}, wanted at most `{parameter.max}`")


def _shown(kind: str, raw: str) -> str:
    if kind == "secret":
        return "a value that is not shown"
    if not raw.strip():
        return "nothing"
    return f"`{line(raw[:SHOWN])}{'…' if len(raw) > SHOWN else ''}`"


def _matches(pattern: str, value: str) -> bool:
    from recipe_runner.language.patterns import matches  # noqa: PLC0415 - pydantic, for parameters that have a pattern

    return matches(pattern, value)
