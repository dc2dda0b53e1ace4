"""What a recipe asks its operator for: declared names with types, limits and defaults."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationInfo, field_validator, model_validator
from pydantic_core import SchemaError, ValidationError

from recipe_runner.errors import Span
from recipe_runner.language.durations import parse_duration
from recipe_runner.language.parameter_types import PARAMETER_TYPES
from recipe_runner.language.suggestions import did_you_mean
from recipe_runner.sanitise import line

__all__ = ["Declaration", "Parameter", "TypeName", "Value", "parse_duration"]

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


class Declaration(BaseModel):
    """What stands behind a parameter's name in the header."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    type: TypeName = Field("str", description="what kind of value it is")
    of: ItemName = Field("str", validate_default=False, description="the type of a list's values")
    choices: tuple[str, ...] = Field((), description="the values it may have")
    help: str = Field("", description="one line for the person who is asked")
    prompt: str | None = Field(None, description="the question; default: the help, else the name")
    env: str | None = Field(
        None, description="the environment variable it is taken from", pattern=r"^[A-Za-z_][A-Za-z0-9_]*$"
    )
    required: bool = Field(True, description="false: may stay empty when nobody gives a value and there is no default")
    pattern: str | None = Field(None, description="regular expression that a whole value must match")
    min: str | None = Field(None, description="smallest value; for a list the smallest number of values")
    max: str | None = Field(None, description="greatest value; for a list the greatest number of values")
    default: Value | None = Field(None, description="the value where nobody gives one, as canonical text")

    @field_validator("of")
    @classmethod
    def _of_list(cls, of: str, info: ValidationInfo) -> str:
        if of != "str" and info.data.get("type", "list") != "list":
            raise ValueError(f"`of` is for the values of a `list`, this is a `{info.data['type']}`; remove it")
        return of

    @field_validator("choices")
    @classmethod
    def _choices(cls, choices: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        if choices and info.data.get("type") in {"secret", "bool"}:
            raise ValueError(f"a `{info.data['type']}` has no choices; remove them")
        item = info.data.get("of", "str") if info.data.get("type") == "list" else info.data.get("type", "str")
        return tuple(_convert_item(item, choice) for choice in choices)

    @field_validator("pattern")
    @classmethod
    def _pattern(cls, pattern: str | None) -> str | None:
        if pattern is not None:
            _matcher(pattern)
        return pattern

    @field_validator("min", "max")
    @classmethod
    def _bound(cls, bound: str | None, info: ValidationInfo) -> str | None:
        kind = info.data.get("type", "str")
        if bound is None:
            return None
        if kind == "list":
            kind = "int"
        order = PARAMETER_TYPES[kind].order
        if order is None:
            raise ValueError(f"a `{kind}` is neither small nor great; remove it")
        converted, least = _convert_item(kind, bound), info.data.get("min")
        if least is not None and order(converted) < order(least):
            raise ValueError(f"found `{line(bound)}`, wanted no less than `min`; write `{line(least)}` or more")
        return converted

    @field_validator("default")
    @classmethod
    def _default(cls, default: Value | None, info: ValidationInfo) -> Value | None:
        if default is None:
            return None
        if info.data.get("type") == "secret":
            raise ValueError("a secret has no default; take it from `env:` or ask for it")
        if "type" not in info.data or "choices" not in info.data:
            return default
        return convert(cls.model_construct(**info.data), default)

    @model_validator(mode="after")
    def _complete(self) -> Declaration:
        if "choice" in {self.type, self.of} and not self.choices:
            raise ValueError("a `choice` needs `choices`; write `choices: [one, two]`")
        return self


class Parameter(Declaration):
    """A declared parameter; its `default` is canonical text already."""

    name: str
    span: Span | None = None

    def convert(self, raw: str | Sequence[str]) -> Value:
        """Return the canonical text of what a person gave: for a list a tuple, split at commas if it is one string.

        Raises ValueError with what was found and what is wanted; a secret's value is never part of the message.
        """
        return convert(self, raw)


def convert(declaration: Declaration, raw: str | Sequence[str]) -> Value:
    """Do the work of `Parameter.convert`."""
    if declaration.type != "list":
        if not isinstance(raw, str):
            raise ValueError(f"found a list, wanted {PARAMETER_TYPES[declaration.type].wanted}")
        value = _convert_item(declaration.type, raw)
        _limit(declaration, value, value)
        return value
    items = [part.strip() for part in raw.split(",")] if isinstance(raw, str) else list(raw)
    if isinstance(raw, str) and not raw.strip():
        items = []
    values = tuple(_convert_item(declaration.of, item) for item in items)
    for value in values:
        _limit(declaration, value, None)
    _bounds(declaration, len(values), int, f"{len(values)} values")
    return values


def _convert_item(kind: str, raw: str) -> str:
    kept = raw if kind in {"str", "choice", "secret"} else raw.strip()
    try:
        return PARAMETER_TYPES[kind].convert(kept)
    except ValueError:
        raise ValueError(f"found {_shown(kind, raw)}, wanted {PARAMETER_TYPES[kind].wanted}") from None


def _limit(declaration: Declaration, value: str, bounded: str | None) -> None:
    shown = _shown(declaration.type, value)
    if declaration.choices and value not in declaration.choices:
        nearest = did_you_mean(value, declaration.choices)
        wanted = f"wanted one of {', '.join(f'`{line(choice)}`' for choice in declaration.choices)}"
        raise ValueError(f"found {shown}, {wanted}" + (f"; did you mean `{line(nearest)}`?" if nearest else ""))
    if declaration.pattern and not _matches(declaration.pattern, value):
        raise ValueError(f"found {shown}, wanted a text that matches `{line(declaration.pattern)}`")
    order = PARAMETER_TYPES[declaration.type].order
    if bounded is not None and order is not None:
        _bounds(declaration, order(bounded), order, shown)


def _bounds(declaration: Declaration, measure: float, order: Callable[[str], float], shown: str) -> None:
    if declaration.min is not None and measure < order(declaration.min):
        raise ValueError(f"found {shown}, wanted at least `{declaration.min}`")
    if declaration.max is not None and measure > order(declaration.max):
        raise ValueError(f"found {shown}, wanted at most `{declaration.max}`")


def _shown(kind: str, raw: str) -> str:
    if kind == "secret":
        return "a value that is not shown"
    if not raw.strip():
        return "nothing"
    return f"`{line(raw[:SHOWN])}{'…' if len(raw) > SHOWN else ''}`"


@lru_cache(maxsize=256)
def _matcher(pattern: str) -> TypeAdapter[str]:
    """Compile with pydantic's engine, whose time is linear in the text: an author's pattern cannot hang a run."""
    try:
        return TypeAdapter(Annotated[str, Field(pattern=rf"\A(?:{pattern})\z")])
    except SchemaError:
        raise ValueError(
            f"found `{line(pattern[:SHOWN])}`, wanted a regular expression without look-around or back-references"
        ) from None


def _matches(pattern: str, value: str) -> bool:
    try:
        _matcher(pattern).validate_python(value)
    except ValidationError:
        return False
    return True
