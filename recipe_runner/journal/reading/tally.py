"""What became of each step over many runs of a recipe. Pure."""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from statistics import median

from recipe_runner.engine.events import Skip
from recipe_runner.journal.reading.account import Account, Execution
from recipe_runner.journal.reading.narrative import milliseconds


@dataclass(frozen=True, slots=True)
class Tally:
    """A step: in how many runs it stood, how often it ran and failed, was skipped or done by hand, how long it took.

    Times are of executions that succeeded; None where there are none. A step that did not apply counts for nothing.
    """

    recipe: str
    step: str
    runs: int
    ran: int
    failed: int
    skipped: int
    by_hand: int
    median: timedelta | None
    slowest: timedelta | None

    @property
    def never(self) -> bool:
        """Say whether nobody has ever run it, nor done it by hand."""
        return not (self.ran or self.by_hand)


@dataclass(slots=True)
class _Count:
    runs: int = 0
    ran: int = 0
    failed: int = 0
    skipped: int = 0
    by_hand: int = 0
    times: array[int] = field(default_factory=lambda: array("q"))


def tally(accounts: Iterable[Account]) -> Sequence[Tally]:
    """Count by recipe (its name) and step, in the order in which the runs name them; takes one account at a time."""
    counts: defaultdict[tuple[str, str], _Count] = defaultdict(_Count)
    for account in accounts:
        recipe = account.recipe_name
        for step in account.statuses():
            counts[recipe, step].runs += 1
        for execution in account.executions:
            if execution.start.role == "run":
                _add_execution(counts[recipe, execution.start.step], execution)
        for entry in account.entries:
            if isinstance(entry.event, Skip):
                _add_skip(counts[recipe, entry.event.step], entry.event)
    return [_result(recipe, step, count) for (recipe, step), count in counts.items()]


def _add_execution(count: _Count, execution: Execution) -> None:
    count.ran += 1
    count.failed += execution.outcome != "ok"
    if execution.end is not None and execution.outcome == "ok":
        count.times.append(execution.end.duration_ms)


def _add_skip(count: _Count, skip: Skip) -> None:
    count.skipped += skip.kind in {"skipped", "accepted"}
    count.by_hand += skip.kind in {"done", "already-done"}


def _result(recipe: str, step: str, count: _Count) -> Tally:
    return Tally(
        recipe,
        step,
        runs=count.runs,
        ran=count.ran,
        failed=count.failed,
        skipped=count.skipped,
        by_hand=count.by_hand,
        median=milliseconds(round(median(count.times))) if count.times else None,
        slowest=milliseconds(max(count.times)) if count.times else None,
    )
