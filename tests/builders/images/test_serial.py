from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders.images.serial import Identity, Serial
from recipe_runner.errors import UsageError

SERIALS = st.builds(Serial, st.dates(min_value=date(1980, 1, 1)), st.integers(0, 10**6))


@given(SERIALS)
def test_what_is_written_is_read_back(serial: Serial) -> None:
    """Every serial survives being written and read."""
    assert Serial.parse(str(serial)) == serial


@given(SERIALS, SERIALS)
def test_serials_are_ordered_as_they_were_made(one: Serial, other: Serial) -> None:
    """A later day is later, and of one day the higher number."""
    assert (one < other) == ((one.day, one.number) < (other.day, other.number))
    assert one < one.next


@pytest.mark.parametrize("text", ["", "2009102", "20091032", "20091022.0", "20091022.01", "20091022.1.2", "20091022\n"])
def test_other_texts_are_refused(text: str) -> None:
    """What is no date, or has an odd number, is no serial."""
    with pytest.raises(UsageError, match="is not a date"):
        Serial.parse(text)


def test_the_epoch_is_midnight_utc() -> None:
    """All builds of a day share its midnight as their time stamp."""
    midnight = datetime(2009, 10, 22, tzinfo=UTC).timestamp()
    assert Serial.parse("20091022.3").epoch == midnight


def test_identifiers_follow_from_the_name_alone() -> None:
    """The same build has the same identifiers everywhere; another serial, architecture or part has others."""
    first = Identity("karmic", "amd64", Serial.parse("20091022"))
    again = Identity("karmic", "amd64", Serial.parse("20091022"))
    other = Identity("karmic", "amd64", Serial.parse("20091022.1"))
    assert first.uuid("root") == again.uuid("root")
    assert len({first.uuid("root"), first.uuid("esp"), other.uuid("root")}) == 3
