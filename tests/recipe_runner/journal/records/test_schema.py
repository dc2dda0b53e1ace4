from __future__ import annotations

from typing import Any

import pytest
from msgspec import structs

from recipe_runner.engine.events import TYPES, Output, Resting, Ticking, Waiting, to_record
from recipe_runner.journal.records.lines import Line, LineError
from recipe_runner.journal.records.schema import ADDED, event_of
from tests.recipe_runner.journal.runs import FULL, genesis

EVENTS = {
    event.type: event for event in [genesis(), *FULL] if not isinstance(event, Output | Waiting | Ticking | Resting)
}


def line(type_name: str, fields: dict[str, Any]) -> Line:
    """Return a line of a type."""
    return Line(0, "0" * 64, type_name, "2026-11-22T15:00:00.000001Z", "0", fields)


def fields_of(type_name: str) -> dict[str, Any]:
    """Return what the journal writes for an example of a type."""
    return to_record(EVENTS[type_name]) | dict.fromkeys(ADDED.get(TYPES[type_name], ()))


@pytest.mark.parametrize("type_name", sorted(EVENTS))
def test_what_the_engine_makes_is_in_form(type_name: str) -> None:
    """The fields of each type of event come back as that event."""
    assert event_of(line(type_name, fields_of(type_name))) == EVENTS[type_name]


@pytest.mark.parametrize("type_name", sorted(EVENTS))
def test_no_type_takes_more_or_less(type_name: str) -> None:
    """A field too many, or a required one too few, is refused by its name."""
    fields = fields_of(type_name)
    with pytest.raises(LineError, match="unknown field `more`"):
        event_of(line(type_name, fields | {"more": 1}))
    required = frozenset(field.name for field in structs.fields(TYPES[type_name]) if field.required)
    for name in required | ADDED.get(TYPES[type_name], frozenset()):
        with pytest.raises(LineError, match=f"no field `{name}`"):
            event_of(line(type_name, {k: v for k, v in fields.items() if k != name}))


@pytest.mark.parametrize(
    ("type_name", "wrong"),
    [
        ("step_start", {"attempt": "1"}),
        ("step_start", {"attempt": True}),
        ("step_start", {"role": "party"}),
        ("step_end", {"outcome": "fine"}),
        ("close", {"done": None}),
        ("genesis", {"steps": {}}),
        ("genesis", {"secrets": "token"}),
        ("genesis", {"format": "recipe-run-journal/v2"}),
        ("genesis", {"run": "0123"}),
        ("note", {"text": ["x"]}),
    ],
)
def test_nothing_is_converted(type_name: str, wrong: dict[str, Any]) -> None:
    """A value of another type or outside its choices is refused, not read as something else."""
    with pytest.raises(LineError):
        event_of(line(type_name, fields_of(type_name) | wrong))


@pytest.mark.parametrize(
    "blobs",
    [
        {"stdin": {"sha256": "0" * 64, "size": 1}},
        {"stdout": {"sha256": "0" * 63, "size": 1}},
        {"stdout": {"sha256": "../../../../etc/passwd", "size": 1}},
        {"stdout": {"sha256": "0" * 64, "size": -1}},
        {"stdout": {"sha256": "0" * 64, "size": True}},
        {"stdout": {"sha256": "0" * 64}},
        {"stdout": {"sha256": "0" * 64, "size": 1, "more": 1}},
        {"stdout": None},
    ],
)
def test_blobs_are_named_by_sha256_and_size_only(blobs: dict[str, Any]) -> None:
    """A blob's name can be nothing but a sha256, so it never leads out of the run's directory."""
    with pytest.raises(LineError, match="blob"):
        event_of(line("step_end", fields_of("step_end") | {"blobs": blobs}))
