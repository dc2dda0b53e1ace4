"""What each type of line must hold: the fields of its event, of the right types, and no others."""

from __future__ import annotations

from typing import Any

from recipe_runner.engine.events import (
    Genesis,
    Recorded,
    Recover,
    Request,
    Resume,
    from_record,
)
from recipe_runner.errors import RecipeError
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
    try:
        event = from_record(line.type, line.fields)
    except RecipeError as error:
        raise LineError(str(error)) from error
    added = ADDED.get(type(event), frozenset())
    if missing := added - line.fields.keys():
        raise LineError(f"`{line.type}` has no field `{min(missing)}`")
    if unknown := line.fields.keys() - added - set(event.__struct_fields__):
        raise LineError(f"`{line.type}` has an unknown field `{min(unknown)}`")
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
