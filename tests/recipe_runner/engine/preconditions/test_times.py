from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from recipe_runner.engine.preconditions.base import World
from recipe_runner.engine.preconditions.times import DAYS, Time
from tests.recipe_runner.engine.preconditions.conftest import Look

THURSDAY = datetime(2009, 7, 23, 12, 30, tzinfo=UTC)


def at(moment: datetime) -> World:
    """Return a world in which it is this moment."""
    return World({}, Path("/"), clock=lambda: moment)


@pytest.mark.parametrize(
    ("window", "keys", "met"),
    [
        ("09:00-17:00", {}, True),
        ("12:30-17:00", {}, True),
        ("09:00-12:30", {}, False),
        ("00:00-24:00", {}, True),
        ("22:00-02:00", {}, False),
        ("12:00-02:00", {}, True),
        ("09:00-12:45", {"zone": "Europe/Berlin"}, False),
        ("14:00-15:00", {"zone": "Europe/Berlin"}, True),
        ("00:00-24:00", {"weekday": ["mon", "Thursday"]}, True),
        ("00:00-24:00", {"weekday": "mon, tue"}, False),
        ("00:00-24:00", {"weekday": "thu", "zone": "Pacific/Auckland"}, False),
        ("00:00-24:00", {"not_before": "2009-07-23T12:30"}, True),
        ("00:00-24:00", {"not_before": "2009-07-23T14:30", "zone": "Europe/Berlin"}, True),
        ("00:00-24:00", {"not_before": "2009-07-23T14:30:01+02:00"}, False),
        ("00:00-24:00", {"not_before": "2009-07-24"}, False),
    ],
)
def test_the_right_time(look: Look, window: str, keys: dict[str, Any], met: bool) -> None:
    """Hours, weekdays and the earliest moment are all read in the zone, and all must hold."""
    assert look("time", window, within=at(THURSDAY), **keys).met is met


def test_the_moment_is_shown(look: Look) -> None:
    """The operator sees which time it is in the recipe's zone."""
    found = look("time", "00:00-24:00", within=at(THURSDAY), zone="Europe/Berlin")
    assert found.detail == "it is Thursday 2009-07-23 14:30 Europe/Berlin"


@given(st.datetimes(timezones=st.just(UTC)), st.times(), st.times())
def test_a_window_and_its_reverse_share_the_day(moment: datetime, first: Any, last: Any) -> None:
    """Every moment lies in exactly one of a window and the window from its end to its start."""
    if (first.hour, first.minute) == (last.hour, last.minute):
        return
    there = Time(time=f"{first:%H:%M}-{last:%H:%M}").evaluate(at(moment)).met
    back = Time(time=f"{last:%H:%M}-{first:%H:%M}").evaluate(at(moment)).met
    assert there is not back


@given(st.datetimes(timezones=st.just(UTC)))
def test_each_moment_has_one_weekday(moment: datetime) -> None:
    """Of the seven weekdays exactly one is met."""
    met = [Time(time="00:00-24:00", weekday=(day,)).evaluate(at(moment)).met for day in DAYS]
    assert sum(met) == 1


@pytest.mark.parametrize(
    "written",
    [
        {"time": "9-17"},
        {"time": "09:00"},
        {"time": "09:00-25:00"},
        {"time": "24:00-09:00"},
        {"time": "09:00-17:00", "weekday": "Caturday"},
        {"time": "09:00-17:00", "not-before": "1248350400"},
        {"time": "09:00-17:00", "not-before": "soon"},
        {"time": "09:00-17:00", "zone": "Mars/Olympus"},
        {"time": "09:00-17:00", "zone": "../../etc/passwd"},
    ],
)
def test_what_is_no_time_is_refused(written: dict[str, Any]) -> None:
    """Windows, weekdays, moments and zones that do not exist are refused with an example."""
    with pytest.raises(ValidationError, match="found"):
        Time.model_validate(written)


def test_text_says_what_is_required() -> None:
    """The one line of a time requirement has everything that is wanted."""
    time = Time.model_validate(
        {"time": "09:00-17:00", "weekday": "mon, thu", "not-before": "2009-07-23T10:00Z", "zone": "Europe/Berlin"}
    )
    assert time.text() == "time 09:00-17:00 on Monday, Thursday not before 2009-07-23 12:00 Europe/Berlin"
