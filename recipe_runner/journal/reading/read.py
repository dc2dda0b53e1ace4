"""Reading a journal without its lock: for `recipe log`, reports, and whoever looks on while it grows."""

from __future__ import annotations

from collections.abc import Iterator
from io import BufferedReader
from pathlib import Path
from typing import NamedTuple

from recipe_runner.engine.events import TYPES, Recorded
from recipe_runner.errors import VerificationError
from recipe_runner.journal.files import open_regular, reading
from recipe_runner.journal.ledger import JOURNAL
from recipe_runner.journal.records.lines import LINE_CAP, Line, LineError, decode
from recipe_runner.journal.records.schema import event_of

LOOK = "see what `recipe verify` says"


class Record(NamedTuple):
    """A record: its number, its type, when it was written (UTC), and the event, if it is one (a seal is not).

    `signer` is the primary key's fingerprint where the record names who seals from here on; null in an unsigned run.
    """

    n: int
    type: str
    ts: str
    event: Recorded | None
    signer: str | None = None


def records(directory: Path) -> Iterator[Record]:
    """Yield what is there now, up to a line that is not whole yet; believes what it reads.

    Raises UsageError where there is no journal, VerificationError where it has no record, or a line does not have the
    form of its type.
    """
    with reading(directory), open_regular(directory / JOURNAL) as file:
        number = 0
        while (record := next_record(file, number)) is not None:
            yield record
            number += 1
        if not number:
            raise no_beginning()


def no_beginning() -> VerificationError:
    """Return what is to be said of a journal that does not begin as a run does."""
    return VerificationError.because("the journal has no beginning", hint=LOOK)


def next_record(file: BufferedReader, number: int) -> Record | None:
    """Return the next record of an open journal, or None, and stay before it, where its line is not whole yet.

    `number` is for the message of VerificationError.
    """
    at = file.tell()
    raw = file.readline(LINE_CAP + 1)
    if not raw.endswith(b"\n") and len(raw) <= LINE_CAP:
        file.seek(at)
        return None
    try:
        return record_of(decode(raw))
    except LineError as error:
        raise VerificationError.because(f"the journal is damaged at record {number}: {error}", hint=LOOK) from error


def record_of(line: Line) -> Record:
    """Return the record of a line; raises LineError where it does not have the form of its type."""
    event = event_of(line) if line.type in TYPES else None
    match line.fields.get("signer"):
        case {"primary": str() as primary}:
            return Record(line.n, line.type, line.ts, event, primary)
        case _:
            return Record(line.n, line.type, line.ts, event)
