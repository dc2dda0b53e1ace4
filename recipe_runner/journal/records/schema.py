"""What each type of line must hold: the fields of its event, of the right types, and no others."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, NotRequired, Required, get_type_hints

import msgspec
from pydantic import ConfigDict, TypeAdapter, ValidationError
from typing_extensions import TypedDict

from recipe_runner.engine.events import (
    TYPES,
    Genesis,
    Recorded,
    Recover,
    Request,
    Resume,
)
from recipe_runner.journal.records.lines import DIGEST, RECEIPT, RUN_ID, Line, LineError

FORMAT = "recipe-run-journal/v1"
BLOBS = frozenset({"stdout", "stderr", "timing", "state"})
ADDED: dict[type[Recorded], frozenset[str]] = {
    Genesis: frozenset({"sealing", "signer", "prev_run"}),
    Recover: frozenset({"signer"}),
    Resume: frozenset({"signer"}),
    Request: frozenset({"signer"}),
}
"""Fields that the journal adds to those of the event."""


def event_of(line: Line) -> Recorded:
    """Return the event of a line; raises LineError where the line does not have the form of its type."""
    kind = TYPES.get(line.type)
    if kind is None:
        raise LineError(f"`{line.type}` is not a known type")
    added = ADDED.get(kind, frozenset())
    if missing := added - line.fields.keys():
        raise LineError(f"`{line.type}` has no field `{min(missing)}`")
    fields = {name: value for name, value in line.fields.items() if name not in added} if added else line.fields
    try:
        event = kind(**_form(line.type)(fields))
    except ValidationError as error:
        fault = error.errors()[0]
        wrong = {"missing": "no field", "extra_forbidden": "an unknown field"}.get(fault["type"], "in a wrong form")
        raise LineError(f"`{line.type}` has {wrong} `{'.'.join(str(part) for part in fault['loc'])}`") from error
    if isinstance(event, Genesis) and (event.format != FORMAT or not RUN_ID.match(event.run)):
        raise LineError(f"the format is not `{FORMAT}`, or the run has no id of 32 hexadecimal digits")
    check_files(event)
    return event


def check_files(event: Recorded) -> None:
    """Raise LineError where an event, or its twin of `forms`, names a file in a form that is not known."""
    named: Any = event
    match named.type:
        case "step_end":
            _check_blobs("step_end", named.blobs, BLOBS)
        case "approval" if named.certificate is not None:
            _check_blobs("approval", {"certificate": named.certificate}, frozenset({"certificate"}))
        case "witness" if named.receipt:
            _check_receipt(named.receipt)
        case _:
            pass


def _check_receipt(receipt: dict[str, Any]) -> None:
    match receipt:
        case {"file": str() as file, "sha256": str() as sha256, "size": int() as size, **more} if not more:
            if RECEIPT.match(file) and DIGEST.match(sha256) and type(size) is int and size >= 0:
                return
    raise LineError("`witness` names a receipt in a form that is not known")


def _check_blobs(type_name: str, blobs: dict[str, Any], names: frozenset[str]) -> None:
    for stream, entry in blobs.items():
        match entry:
            case {"sha256": str() as sha256, "size": int() as size, **more} if not more:
                if stream in names and DIGEST.match(sha256) and type(size) is int and size >= 0:
                    continue
        raise LineError(f"`{type_name}` names a blob in a form that is not known")


def required_and_optional(type_name: str) -> tuple[frozenset[str], frozenset[str]]:
    """Return the names of an event's fields that a line must have, and of those it may leave out."""
    fields = msgspec.structs.fields(TYPES[type_name])
    optional = frozenset(f.name for f in fields if not f.required)
    return frozenset(f.name for f in fields) - optional, optional


@cache
def _form(type_name: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """Return what validates the event's fields, converts nothing and knows no others."""
    hints = get_type_hints(TYPES[type_name])
    required, optional = required_and_optional(type_name)
    fields: dict[str, Any] = {name: Required[hints[name]] for name in required}
    fields |= {name: NotRequired[hints[name]] for name in optional}
    make: Any = TypedDict
    form = make(type_name, fields)
    form.__pydantic_config__ = ConfigDict(extra="forbid", strict=True)
    adapter: TypeAdapter[dict[str, Any]] = TypeAdapter(form)
    return adapter.validator.validate_python
