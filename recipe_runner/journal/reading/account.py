"""What a run's records amount to: who ran what and when, each command with its beginning and its end. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Literal

from recipe_runner.engine.events import Genesis, Recorded, Role, StepEnd, StepStart
from recipe_runner.engine.history import History, Status
from recipe_runner.errors import VerificationError
from recipe_runner.journal.reading.read import Record, no_beginning

State = Literal["done", "failed", "abandoned", "running", "stopped"]
Ending = Literal["ok", "failed", "timeout", "interrupted", "lost", "unfinished"]
WORST_FIRST: tuple[Status, ...] = (
    "failed",
    "unknown",
    "waiting",
    "undone",
    "skipped",
    "accepted",
    "done",
    "not-applicable",
)
SETTLED = frozenset[Status]({"done", "skipped", "accepted", "not-applicable"})


@dataclass(frozen=True, slots=True)
class Entry:
    """An event with the number of its record, when that was written (UTC), and who sealed the session it is of.

    `by` is the fingerprint of a primary key; null in an unsigned run.
    """

    n: int
    at: datetime
    event: Recorded
    by: str | None = None


@dataclass(frozen=True, slots=True)
class Execution:
    """One command of one step: its `step_start`, and its `step_end` if there is one yet."""

    n: int
    began: datetime
    start: StepStart
    end: StepEnd | None = None
    by: str | None = None

    @property
    def outcome(self) -> Ending:
        """Say how it ended; `unfinished` where nobody wrote that down."""
        return self.end.outcome if self.end else "unfinished"

    @property
    def label(self) -> str:
        """Name it among the executions of its run: step, item, role and attempt as far as they matter."""
        start = self.start
        item = f" [{start.item}]" if start.item is not None else ""
        role = f" {start.role}" if start.role != "run" else ""
        attempt = f" (attempt {start.attempt})" if start.attempt > 1 else ""
        return f"{start.step}{item}{role}{attempt}"


@dataclass(frozen=True, slots=True)
class Account:
    """A run as its journal tells it; nothing here has been verified."""

    genesis: Genesis
    entries: tuple[Entry, ...]
    executions: tuple[Execution, ...]
    history: History
    seals: int

    @classmethod
    def of(cls, records: Iterable[Record]) -> Account:
        """Tell the story of a run; raises VerificationError where it has no beginning."""
        entries: list[Entry] = []
        seals, by = 0, None
        for record in records:
            seals += record.type == "seal"
            by = record.signer or by
            if record.event is not None:
                entries.append(Entry(record.n, moment(record), record.event, by))
        first = entries[0].event if entries else None
        if not isinstance(first, Genesis):
            raise no_beginning()
        history = History.of(entry.event for entry in entries)
        return cls(first, tuple(entries), tuple(_executions(entries)), history, seals)

    @property
    def began(self) -> datetime:
        """When the first record was written."""
        return self.entries[0].at

    @property
    def took(self) -> timedelta:
        """Time between the first record and the last, pauses included."""
        return max(self.entries[-1].at - self.began, timedelta(0))

    @property
    def recipe_name(self) -> str:
        """Title of the recipe, or its file's name."""
        recipe = self.genesis.recipe
        return str(recipe.get("title") or recipe.get("name") or "")

    @property
    def step_ids(self) -> tuple[str, ...]:
        """Ids of the recipe's steps when the run began, in order."""
        return tuple(step.get("id", "") for step in self.genesis.steps)

    @property
    def signers(self) -> tuple[str, ...]:
        """Return the primary keys that sealed its sessions, in order; none where it is unsigned."""
        return tuple(dict.fromkeys(entry.by for entry in self.entries if entry.by))

    def state(self, *, live: bool) -> State:
        """Say where the run is; `live` when a runner is at work on it."""
        closed = self.history.closed
        return closed.outcome if closed else "running" if live else "stopped"

    def statuses(self) -> Mapping[str, Status]:
        """Return by step what became of it; of the items of an `each=` step the worst counts.

        Steps that a resumption has added come last.
        """
        found: defaultdict[str, list[Status]] = defaultdict(list)
        for (step, _), track in self.history.tracks.items():
            found[step].append(track.status)
        steps = dict.fromkeys((*self.step_ids, *found))
        return {step: min(found.get(step, ["waiting"]), key=WORST_FIRST.index) for step in steps}

    def settled(self) -> int:
        """Count the steps of the recipe that need nothing more."""
        statuses = self.statuses()
        return sum(statuses[step] in SETTLED for step in self.step_ids)


def moment(record: Record) -> datetime:
    """Return when a record says that it was written; raises VerificationError where there is no such time."""
    try:
        return datetime.fromisoformat(record.ts).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise VerificationError.because(f"record {record.n}: `{record.ts}` is no time") from error


def _executions(entries: Iterable[Entry]) -> list[Execution]:
    """Bring each `step_end` together with the last `step_start` of the same step, item and role."""
    found: list[Execution] = []
    open_: dict[tuple[str, str | None, Role], int] = {}
    for entry in entries:
        match entry.event:
            case StepStart() as start:
                open_[start.step, start.item, start.role] = len(found)
                found.append(Execution(entry.n, entry.at, start, by=entry.by))
            case StepEnd() as end:
                index = open_.pop((end.step, end.item, end.role), None)
                if index is not None:
                    found[index] = replace(found[index], end=end)
            case _:
                pass
    return found
