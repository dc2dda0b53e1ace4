"""Many runs on the screen: a row each where that fits, else two."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.text import Text

from recipe_runner.console.columns import GAP, aligned, widths_of
from recipe_runner.console.terminal import Terminal, styled
from recipe_runner.journal.reading.account import State
from recipe_runner.journal.reading.glance import Glance
from recipe_runner.journal.reading.narrative import spell
from recipe_runner.journal.verification.verdict import Verdict
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
COLUMNS = ("run", "state", "verdict", "steps", "began (UTC)", "took", "who", "recipe")
BELOW = 2
"""How many of the columns, counted from the last, go below the others on a narrow screen."""
VERDICTS = {Verdict.VALID: "good", Verdict.INCOMPLETE: "warn"}


@dataclass(frozen=True, slots=True)
class ListedRun:
    """A run, where it is, whether somebody runs it now, and its verdict if a policy was given."""

    directory: Path
    glance: Glance
    state: State
    verdict: Verdict | None

    @property
    def trust(self) -> Verdict | None:
        """The verdict as far as it is known: without a policy, an unsigned run is UNTRUSTED all the same."""
        return self.verdict or (None if self.glance.signed else Verdict.UNTRUSTED)


def show(terminal: Terminal, runs: Sequence[ListedRun]) -> None:
    """Print a table of runs, in the order given; for a pipe always a row each, so that nothing is lost or moved."""
    length = _distinct([run.directory.name for run in runs])
    rows = [[styled(column, "quiet") for column in COLUMNS], *(_row(run, length) for run in runs)]
    widths = widths_of(rows)
    narrow = terminal.interactive and sum(widths) + GAP * (len(widths) - 1) > terminal.out.width
    first = len(COLUMNS) - BELOW if narrow else len(COLUMNS)
    for row in rows:
        terminal.put(next(aligned([row[:first]], widths[:first])))
        if narrow:
            below = Text.assemble(" " * GAP, next(aligned([row[first:]], widths[first:])))
            below.truncate(terminal.out.width, overflow="ellipsis")
            below.stylize("dim")
            terminal.put(below)


def as_data(run: ListedRun) -> dict[str, Any]:
    """Return a run as JSON data; times in UTC and milliseconds."""
    glance = run.glance
    first = glance.genesis
    return {
        "run": first.run,
        "directory": str(run.directory),
        "recipe": glance.recipe_name,
        "undoes": first.undoes,
        "recipe_sha256": first.recipe.get("sha256"),
        "state": run.state,
        "settled": glance.settled,
        "steps": glance.steps,
        "operator": first.operator,
        "host": first.host,
        "began": glance.began.isoformat(),
        "took_ms": round(glance.took.total_seconds() * 1000),
        "signed": glance.signed,
        "verdict": run.trust and run.trust.value,
    }


def _distinct(names: Sequence[str]) -> int:
    """Return how many characters tell the names apart, and no fewer than `SHORT`."""
    longest = max(map(len, names))
    return next((n for n in range(SHORT, longest) if len({name[:n] for name in names}) == len(set(names))), longest)


def _row(run: ListedRun, length: int) -> list[Text]:
    glance = run.glance
    return [
        styled(line(run.directory.name[:length]), "code"),
        styled(run.state, "quiet" if run.verdict is Verdict.INVALID else STATES[run.state]),
        _verdict(run),
        Text(f"{glance.settled}/{glance.steps}"),
        Text(f"{glance.began:%Y-%m-%d %H:%M}"),
        Text(spell(glance.took)),
        Text(line(f"{glance.genesis.operator}@{glance.genesis.host}")),
        Text(line(glance.recipe_name + _undoing(glance, length))),
    ]


def _undoing(glance: Glance, length: int) -> str:
    """Say of a run that rolls another one back which one that is."""
    return f", rolls back {glance.genesis.undoes[:length]}" if glance.genesis.undoes else ""


def _verdict(run: ListedRun) -> Text:
    if run.trust is None:
        return styled("unverified", "quiet")
    unsigned = "" if run.glance.signed else " unsigned"
    return styled(f"{run.trust.value}{unsigned}", VERDICTS.get(run.trust, "bad"))
