"""What the header of a recipe may say: the models by which its YAML is judged."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator, model_validator

from recipe_runner.errors import Span
from recipe_runner.language.parameter_types import PARAMETER_TYPES
from recipe_runner.language.parameters import ItemName, Parameter, TypeName, Value, convert_item
from recipe_runner.language.patterns import matcher
from recipe_runner.sanitise import line

FORMAT = 1


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

    def parameter(self, name: str, span: Span | None = None) -> Parameter:
        """Return the parameter that is declared so."""
        return Parameter(name=name, span=span, **self.model_dump())

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
        return tuple(convert_item(item, choice) for choice in choices)

    @field_validator("pattern")
    @classmethod
    def _pattern(cls, pattern: str | None) -> str | None:
        if pattern is not None:
            matcher(pattern)
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
        converted, least = convert_item(kind, bound), info.data.get("min")
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
        return Parameter(name="", **info.data).convert(default)

    @model_validator(mode="after")
    def _complete(self) -> Declaration:
        if "choice" in {self.type, self.of} and not self.choices:
            raise ValueError("a `choice` needs `choices`; write `choices: [one, two]`")
        return self


class Header(BaseModel):
    """The keys of the header."""

    model_config = ConfigDict(frozen=True, extra="forbid", title="recipe header")

    recipe: int = Field(description="the format's version, 1; marks the file as a recipe")
    title: str | None = Field(None, description="default: the first level-1 heading")
    params: dict[str, Declaration] = Field({}, description="what the operator is asked for, by name")
    requires: tuple[dict[str, Any], ...] = Field((), description="what must hold before the first step")

    @field_validator("recipe")
    @classmethod
    def _known(cls, version: int) -> int:
        if version != FORMAT:
            raise ValueError(f"found version `{version}`, wanted `{FORMAT}`")
        return version
