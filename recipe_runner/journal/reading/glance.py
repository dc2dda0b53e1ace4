"""A run as a list shows it: read from both ends of its journal where that is enough, so that many runs take no time."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from recipe_runner.engine.events import Close, Genesis
from recipe_runner.journal.files import open_regular, reading
from recipe_runner.journal.ledger import JOURNAL
from recipe_runner.journal.reading.account import Account, State, moment
from recipe_runner.journal.reading.read import Record, no_beginning, record_of, records
from recipe_runner.journal.records.lines import LineError, decode

TAIL = 64 * 1024
"""Bytes of a journal's end in which its `close` is looked for."""


@dataclass(frozen=True, slots=True)
class Glance:
    """What a run says of itself in few words; nothing here has been verified. `settled` steps need nothing more."""

    genesis: Genesis
    signed: bool
    began: datetime
    ended: datetime
    closed: Close | None
    settled: int
    steps: int

    @classmethod
    def at(cls, directory: Path) -> Glance:
        """Look at a run; raises what `records` and `Account.of` raise."""
        with reading(directory):
            first = next(records(directory), None)
            last = _end(directory)
        if first is None or not isinstance(first.event, Genesis):
            raise no_beginning()
        if last is None:
            return cls._of(Account.of(records(directory)), signed=first.signer is not None)
        closed, ended = last
        return cls(
            first.event, first.signer is not None, moment(first), moment(ended), closed, closed.total, closed.total
        )

    @classmethod
    def _of(cls, account: Account, *, signed: bool) -> Glance:
        closed, ended = account.history.closed, account.entries[-1].at
        return cls(account.genesis, signed, account.began, ended, closed, account.settled(), len(account.step_ids))

    @property
    def took(self) -> timedelta:
        """Time between the first record and the last, pauses included."""
        return max(self.ended - self.began, timedelta(0))

    @property
    def recipe_name(self) -> str:
        """Title of the recipe, or its file's name."""
        return str(self.genesis.recipe.get("title") or self.genesis.recipe.get("name") or "")

    def state(self, *, live: bool) -> State:
        """Say where the run is; `live` when a runner is at work on it."""
        return self.closed.outcome if self.closed else "running" if live else "stopped"


def _end(directory: Path) -> tuple[Close, Record] | None:
    """Return the `close` of a run that is done, and its last record; None where all of the journal has to be read."""
    with open_regular(directory / JOURNAL) as file:
        file.seek(max(0, os.fstat(file.fileno()).st_size - TAIL))
        rows = file.read(TAIL).split(b"\n")
    last: Record | None = None
    for raw in reversed(rows[1:-1]):
        try:
            record = record_of(decode(raw + b"\n"))
        except LineError:
            return None
        last = last or record
        if isinstance(record.event, Close):
            return (record.event, last) if record.event.outcome == "done" else None
    return None
