"""What happens in a run, as a stream of facts; the journal writes most of them down, the console shows them all.

A recorded event has a type name (`type`) and fields that are plain JSON: strings, integers below 2**53, booleans,
null, lists and objects. `to_record` and `from_record` are inverse, so that a run's past is folded from its journal by
the same code that folds the present.
"""

from __future__ import annotations

from typing import Any, get_args

import msgspec

from recipe_runner.engine.events.approval import Approval, Request
from recipe_runner.engine.events.decision import Confirm, Deviation, DeviationKind, Note
from recipe_runner.engine.events.passing import Output, Resting, Ticking, Waiting
from recipe_runner.engine.events.run import Abort, Close, Genesis, Precondition, Recover, Resume, Witnessed
from recipe_runner.engine.events.step import Outcome, Role, Skip, SkipKind, StepEnd, StepStart
from recipe_runner.errors import RecipeError

__all__ = [
    "TYPES",
    "Abort",
    "Approval",
    "Close",
    "Confirm",
    "Deviation",
    "DeviationKind",
    "Event",
    "Genesis",
    "Note",
    "Outcome",
    "Output",
    "Precondition",
    "Recorded",
    "Recover",
    "Request",
    "Resting",
    "Resume",
    "Role",
    "Skip",
    "SkipKind",
    "StepEnd",
    "StepStart",
    "Ticking",
    "Waiting",
    "Witnessed",
    "from_record",
    "to_record",
]

Recorded = (
    Genesis
    | Precondition
    | Request
    | Approval
    | StepStart
    | StepEnd
    | Confirm
    | Skip
    | Deviation
    | Note
    | Witnessed
    | Recover
    | Resume
    | Abort
    | Close
)
Event = Recorded | Output | Waiting | Ticking | Resting

TYPES: dict[str, type[Recorded]] = {kind.type: kind for kind in get_args(Recorded)}


def to_record(event: Recorded) -> dict[str, Any]:
    """Return the event's fields as plain JSON data, without its type; a null field is left out."""
    return {name: value for name in event.__struct_fields__ if (value := getattr(event, name)) is not None}


def from_record(type_name: str, fields: dict[str, Any]) -> Recorded:
    """Rebuild the event that `to_record` took apart; fields that other writers added are ignored.

    Nothing is converted. Raises RecipeError for an unknown type, a missing field, or one in a wrong form.
    """
    cls = TYPES.get(type_name)
    if cls is None:
        raise RecipeError.because(f"`{type_name}` is not a known type")
    try:
        return msgspec.convert(fields, cls)
    except msgspec.ValidationError as error:
        raise RecipeError.because(f"`{type_name}` has {_fault(cls, fields)}") from error


def _fault(cls: type[Recorded], fields: dict[str, Any]) -> str:
    """Say what is wrong with the first field at fault, without quoting its value, which nobody vouches for."""
    for field in msgspec.structs.fields(cls):
        if field.name not in fields:
            if field.required:
                return f"no field `{field.name}`"
            continue
        try:
            msgspec.convert(fields[field.name], field.type)
        except msgspec.ValidationError:
            return f"a wrong form of `{field.name}`"
    return "a wrong form"
