"""Patterns that authors give their parameters, matched in a time linear in the text: none can hang a run."""

from __future__ import annotations

from functools import lru_cache
from typing import Annotated

from pydantic import Field, TypeAdapter
from pydantic_core import SchemaError, ValidationError

from recipe_runner.sanitise import line

SHOWN = 60
"""A longer pattern is cut in messages."""


@lru_cache(maxsize=256)
def matcher(pattern: str) -> TypeAdapter[str]:
    """Compile with pydantic's engine; raises ValueError for what it does not know."""
    try:
        return TypeAdapter(Annotated[str, Field(pattern=rf"\A(?:{pattern})\z")])
    except SchemaError:
        raise ValueError(
            f"found `{line(pattern[:SHOWN])}`, wanted a regular expression without look-around or back-references"
        ) from None


def matches(pattern: str, value: str) -> bool:
    """Say whether the whole of a value matches; raises ValueError as `matcher` does."""
    try:
        matcher(pattern).validate_python(value)
    except ValidationError:
        return False
    return True
