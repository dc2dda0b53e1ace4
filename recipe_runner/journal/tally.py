"""What became of each step over many runs of a recipe. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from statistics import median

from recipe_runner.engine.events import Skip
from recipe_runner.journal.account import Account
from recipe_runner.journal.narrative import milliseconds


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


def tally(accounts: Iterable[Account]) -> Sequence[Tally]:
    """Count by recipe (its name) and step, in the order in which the runs name them."""
    runs: defaultdict[tuple[str, str], list[Account]] = defaultdict(list)
    for account in accounts:
        for step in account.statuses():
            runs[account.recipe_name, step].append(account)
    return [_of_step(recipe, step, found) for (recipe, step), found in runs.items()]


def _of_step(recipe: str, step: str, accounts: Sequence[Account]) -> Tally:
    executions = [
        e for account in accounts for e in account.executions if (e.start.step, e.start.role) == (step, "run")
    ]
    skips = [
        entry.event.kind
        for account in accounts
        for entry in account.entries
        if isinstance(entry.event, Skip) and entry.event.step == step
    ]
    times = [e.end.duration_ms for e in executions if e.end is not None and e.outcome == "ok"]
    return Tally(
        recipe,
        step,
        runs=len(accounts),
        ran=len(executions),
        failed=sum(e.outcome != "ok" for e in executions),
        skipped=skips.count("skipped") + skips.count("accepted"),
        by_hand=skips.count("done") + skips.count("already-done"),
        median=milliseconds(round(median(times))) if times else None,
        slowest=milliseconds(max(times)) if times else None,
    )
