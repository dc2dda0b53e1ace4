from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from recipe_runner.language.duration_field import Duration
from recipe_runner.language.durations import format_duration, parse_duration


@pytest.mark.parametrize(
    ("text", "seconds", "canonical"),
    [("90s", 90, "90s"), ("5m", 300, "5m"), ("1h30m", 5400, "90m"), ("2d", 172800, "2d"), ("0s", 0, "0s"),
     ("24h", 86400, "1d"), ("1d2h3m4s", 93784, "93784s"), (" 5m ", 300, "5m")],
)  # fmt: skip
def test_durations(text: str, seconds: int, canonical: str) -> None:
    """Durations are sums of units, written again in the largest unit that fits."""
    assert parse_duration(text) == timedelta(seconds=seconds)
    assert format_duration(parse_duration(text)) == canonical


@pytest.mark.parametrize(
    "text", ["", "5", "5x", "m", "30m1h", "1.5h", "-5m", "5 m", "5m 3s", "\u0665m", "9" * 40 + "s"]
)
def test_everything_else_is_refused(text: str) -> None:
    """Anything else says what was found and what is wanted."""
    with pytest.raises(ValueError, match=r"^found .*, wanted a duration such as"):
        parse_duration(text)


@given(st.integers(0, 10**8))
def test_round_trip(seconds: int) -> None:
    """Every whole number of seconds survives being written and read."""
    duration = timedelta(seconds=seconds)
    assert parse_duration(format_duration(duration)) == duration


def test_a_models_field() -> None:
    """A field of type Duration reads text and says in JSON Schema what text."""

    class Model(BaseModel):
        timeout: Duration

    assert Model.model_validate({"timeout": "5m"}).timeout == timedelta(minutes=5)
    assert Model(timeout=timedelta(1)).timeout == timedelta(1)
    assert Model.model_json_schema()["properties"]["timeout"]["type"] == "string"
