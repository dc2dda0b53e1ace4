"""A run's timeline as rows of a page: when, what, and where on the run's length. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from recipe_runner.journal.reading.account import Account
from recipe_runner.journal.reading.narrative import Told, milliseconds, spell, tell


@dataclass(frozen=True, slots=True)
class Moment:
    """A row of the timeline, with its place on it in hundredths of the run's length."""

    at: datetime
    told: Told
    offset: float
    width: float | None
    took: str


def moments(account: Account) -> Iterator[Moment]:
    """Yield a moment for every execution and for everything else but preconditions and lone ends."""
    executions = {execution.n: execution for execution in account.executions}
    whole = max(account.took, timedelta(milliseconds=1))
    for entry in account.entries:
        offset = min(max((entry.at - account.began) / whole, 0.0), 1.0) * 100
        execution = executions.get(entry.n)
        if execution is not None and execution.end is not None:
            took = milliseconds(execution.end.duration_ms)
            width = min(took / whole * 100, 100 - offset)
            yield Moment(entry.at, tell(execution.end), offset, width, spell(took))
        elif execution is not None or entry.event.type not in {"precondition", "step_end"}:
            yield Moment(entry.at, tell(entry.event), offset, None, "")


def notable(moment: Moment) -> bool:
    """Say whether a moment is more than a step that went well."""
    return moment.told.tone in {"bad", "warn"}
