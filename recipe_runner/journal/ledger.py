"""The runs of a project as one ledger: each names, in its sealed first record, the run before it as it then was.

The runs are the directories beside each other; `prev_run` links them. A link is worth as much as its run's key.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

from msgspec import Struct

from recipe_runner.journal.files import open_regular
from recipe_runner.journal.records.chain import head_of
from recipe_runner.journal.records.lines import DIGEST, LINE_CAP, RUN_ID, Line, LineError, decode

JOURNAL = "journal.jsonl"


class Link(Struct, frozen=True):
    """Another run as it was: its id, the sha256 of its last line that counted, and how many records that makes."""

    run: str
    head: str
    records: int

    @classmethod
    def of(cls, field: Any) -> Self | None:  # noqa: ANN401 - any JSON value
        """Read the field `prev_run` of a first record; None where it names no run, LineError where it has no form."""
        match field:
            case None:
                return None
            case {"run": str() as run, "head": str() as head, "records": int() as records, **more} if not more:
                if RUN_ID.match(run) and DIGEST.match(head) and type(records) is int and records >= 1:
                    return cls(run, head, records)
        raise LineError("`prev_run` does not name a run by its id, its head and its records")


class Entry(Struct, frozen=True):
    """A run of a ledger, as its own first record describes it."""

    directory: Path
    run: str
    began: str
    previous: Link | None


class Ledger(Struct, frozen=True):
    """The runs below a directory."""

    directory: Path
    entries: tuple[Entry, ...]

    @classmethod
    def read(cls, directory: Path) -> Self:
        """Read the first record of each run below a directory; what has no readable one is passed over."""
        return cls(directory, tuple(sorted(_entries(directory), key=lambda entry: (entry.began, entry.run))))

    def named(self, run: str) -> list[Entry]:
        """Return what says to be the run with this id; more than one where there are copies."""
        return [entry for entry in self.entries if entry.run == run]

    def after(self, run: str) -> list[Entry]:
        """Return the other runs that name this one as the run before them, oldest first."""
        return [entry for entry in self.entries if entry.previous and entry.previous.run == run != entry.run]


def newest_head(runs: Path) -> dict[str, Any] | None:
    """Return the field `prev_run`: the journal below `runs` that was written to last, up to its last seal.

    In an unsigned run every whole line counts. Directories without a readable journal are passed over; None where there
    is no other run.
    """
    for journal in _newest_first(runs):
        try:
            with open_regular(journal) as file:
                first = decode(file.readline(LINE_CAP + 1))
                os.fdatasync(file.fileno())
                last = _last_counting(file.fileno(), sealed=first.fields["sealing"] != "none")
            found = {"run": first.fields["run"], "head": head_of(last), "records": decode(last).n + 1}
            Link.of(found)
        except (OSError, LineError, KeyError):
            continue
        return found
    return None


def undoing(runs: Path, run: str) -> list[Path]:
    """Return the directories of the runs that roll a run back, oldest first; believes what their first lines say."""
    return [journal.parent for journal in reversed(list(_newest_first(runs))) if undone_by(journal) == run]


def undone_by(journal: Path) -> str | None:
    """Return the id of the run that a journal's run rolls back, if it does; None also where it cannot be read."""
    try:
        with open_regular(journal) as file:
            undoes = decode(file.readline(LINE_CAP + 1)).fields.get("undoes")
    except (OSError, LineError):
        return None
    return undoes if isinstance(undoes, str) and RUN_ID.match(undoes) else None


def _last_counting(descriptor: int, *, sealed: bool) -> bytes:
    """Return the last whole line, or the last seal; raises LineError where there is none."""
    size = os.fstat(descriptor).st_size
    window = 2 * LINE_CAP
    while True:
        start = max(0, size - window)
        lines = os.pread(descriptor, size - start, start).split(b"\n")[0 if start == 0 else 1 : -1]
        for raw in reversed(lines):
            if not sealed or (b'"t":"seal"' in raw and decode(raw + b"\n").type == "seal"):
                return raw + b"\n"
        if start == 0:
            raise LineError("no line that counts")
        window *= 8


def _entries(directory: Path) -> Iterator[Entry]:
    for journal in _newest_first(directory):
        try:
            with open_regular(journal) as file:
                yield _entry(journal.parent, decode(file.readline(LINE_CAP + 1)))
        except (OSError, LineError):
            continue


def _entry(directory: Path, first: Line) -> Entry:
    match first.fields:
        case {"run": str() as run, "prev_run": previous} if first.type == "genesis":
            return Entry(directory, run, first.ts, _named(previous))
    raise LineError("not the first record of a run")


def _named(previous: object) -> Link | None:
    """Return what an entry links to; one without form makes its own run INVALID, and links to nothing."""
    with contextlib.suppress(LineError):
        return Link.of(previous)
    return None


def _newest_first(runs: Path) -> Iterator[Path]:
    found = []
    try:
        for entry in os.scandir(runs):
            if not entry.name.startswith("."):
                path = Path(entry.path) / JOURNAL
                try:
                    found.append((path.stat().st_mtime_ns, path))
                except OSError:
                    continue
    except OSError:
        return
    yield from (path for _, path in sorted(found, reverse=True))
