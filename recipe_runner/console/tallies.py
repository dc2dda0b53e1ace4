"""What became of steps over many runs, on the screen: a table for each recipe."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from itertools import groupby

from recipe_runner.console.terminal import Terminal
from recipe_runner.journal.narrative import spell
from recipe_runner.journal.tally import Tally

COLUMNS = ("step", "runs", "ran", "failed", "skipped", "by hand", "median", "slowest", "")


def show(terminal: Terminal, tallies: Sequence[Tally]) -> None:
    """Print the tallies; those of a recipe stand together."""
    for recipe, steps in groupby(sorted(tallies, key=_recipe), key=_recipe):
        rows = [_row(step) for step in steps]
        width = len(COLUMNS) if any(row[-1] for row in rows) else len(COLUMNS) - 1
        terminal.table(COLUMNS[:width], [row[:width] for row in rows], title=recipe)
        terminal.say("")


def _recipe(tally: Tally) -> str:
    return tally.recipe


def _row(tally: Tally) -> list[str | tuple[str, str]]:
    return [
        (tally.step, "code"),
        str(tally.runs),
        str(tally.ran),
        (str(tally.failed), "bad" if tally.failed else "quiet"),
        (str(tally.skipped), "warn" if tally.skipped else "quiet"),
        (str(tally.by_hand), "quiet"),
        _spelt(tally.median),
        _spelt(tally.slowest),
        ("never run", "warn") if tally.never else "",
    ]


def _spelt(duration: timedelta | None) -> str:
    return "" if duration is None else spell(duration)
