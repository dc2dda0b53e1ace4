"""Many runs on the screen, a row each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.text import Text

from recipe_runner.console.terminal import Terminal, styled
from recipe_runner.journal.account import Account, State
from recipe_runner.journal.narrative import spell
from recipe_runner.journal.verdict import Verdict
from recipe_runner.sanitise import line

STATES: dict[State, str] = {
    "done": "good",
    "failed": "bad",
    "abandoned": "warn",
    "running": "code",
    "stopped": "warn",
}
SHORT = 12
"""Characters of an id that a person types; these are its time in milliseconds."""
GAP = 2
"""Columns between two cells. A row may be wider than the terminal, so that nothing of it is lost in a pipe."""
VERDICTS = {Verdict.VALID: "good", Verdict.INCOMPLETE: "warn"}


@dataclass(frozen=True, slots=True)
class ListedRun:
    """A run, where it is, whether somebody runs it now, and its verdict if a policy was given."""

    directory: Path
    account: Account
    state: State
    verdict: Verdict | None


def show(terminal: Terminal, runs: Sequence[ListedRun], *, judged: bool) -> None:
    """Print a table of runs, in the order given; `judged` when they have verdicts."""
    columns = ("run", "state", "steps", "began (UTC)", "took", *(("verdict",) if judged else ()), "who", "recipe")
    length = _distinct([run.account.genesis.run for run in runs])
    rows = [[styled(column, "quiet") for column in columns], *(_row(run, length) for run in runs)]
    widths = [max(cell.cell_len for cell in column) for column in zip(*rows, strict=True)]
    for row in rows:
        for cell, width in zip(row[:-1], widths, strict=False):
            cell.pad_right(width - cell.cell_len + GAP)
        terminal.out.print(Text.assemble(*row))


def as_data(run: ListedRun) -> dict[str, Any]:
    """Return a run as JSON data; times in UTC and milliseconds."""
    account = run.account
    return {
        "run": account.genesis.run,
        "directory": str(run.directory),
        "recipe": account.recipe_name,
        "recipe_sha256": account.genesis.recipe.get("sha256"),
        "state": run.state,
        "settled": account.settled(),
        "steps": len(account.step_ids),
        "operator": account.genesis.operator,
        "host": account.genesis.host,
        "began": account.began.isoformat(),
        "took_ms": round(account.took.total_seconds() * 1000),
        "sealed": account.seals > 0,
        "verdict": run.verdict and run.verdict.value,
    }


def _distinct(ids: Sequence[str]) -> int:
    """Return how many characters tell the ids apart, and no fewer than `SHORT`."""
    return next(n for n in range(SHORT, 33) if n == len(ids[0]) or len({id_[:n] for id_ in ids}) == len(set(ids)))


def _row(run: ListedRun, length: int) -> list[Text]:
    account = run.account
    verdict = [styled(run.verdict.value, VERDICTS.get(run.verdict, "bad"))] if run.verdict else []
    return [
        styled(line(account.genesis.run[:length]), "code"),
        styled(run.state, STATES[run.state]),
        Text(f"{account.settled()}/{len(account.step_ids)}"),
        Text(f"{account.began:%Y-%m-%d %H:%M}"),
        Text(spell(account.took)),
        *verdict,
        Text(line(f"{account.genesis.operator}@{account.genesis.host}")),
        Text(line(account.recipe_name)),
    ]
