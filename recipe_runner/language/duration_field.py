"""Lengths of time as a model has them whose texts are validated."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from pydantic import BeforeValidator, WithJsonSchema

from recipe_runner.language.durations import parse_duration

Duration = Annotated[
    timedelta,
    BeforeValidator(lambda raw: parse_duration(raw) if isinstance(raw, str) else raw),
    WithJsonSchema({"type": "string", "pattern": "^([0-9]+[dhms])+$"}),
]
"""A field of a model that is read from text such as `5m`."""
