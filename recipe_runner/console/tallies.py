"""What became of steps over many runs, on the screen: for each recipe a table, then what stands out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from itertools import groupby

from rich.text import Text

from recipe_runner.console.columns import aligned, hanging, widths_of
from recipe_runner.console.terminal import Terminal, styled
from recipe_runner.journal.reading.narrative import spell
from recipe_runner.journal.reading.tally import Tally
from recipe_runner.sanitise import line

COLUMNS = ("step", "runs", "ran", "failed", "skipped", "by hand", "median", "slowest")
NAMED = 5
"""How many steps are named in a line about what stands out."""


def show(terminal: Terminal, tallies: Sequence[Tally]) -> None:
    """Print the tallies; those of a recipe stand together."""
    for number, (recipe, found) in enumerate(groupby(sorted(tallies, key=_recipe), key=_recipe)):
        steps = list(found)
        if number:
            terminal.blank()
        terminal.put(styled(line(recipe), "strong"))
        rows = [[styled(f"  {column}" if column == "step" else column, "quiet") for column in COLUMNS]]
        rows += [_row(step) for step in steps]
        for row in aligned(rows, widths_of(rows)):
            terminal.put(row)
        for title, names in _standing_out(steps):
            hanging(terminal, styled(f"  {title:<13}", "quiet"), Text(names))


def _standing_out(steps: Sequence[Tally]) -> Iterator[tuple[str, str]]:
    """Yield what a release manager looks for: slow steps, skipped ones, and those that nobody has ever run."""
    yield from _ranked(
        "slowest",
        steps,
        lambda step: step.median.total_seconds() if step.median else 0,
        lambda step: _spelt(step.median),
    )
    yield from _ranked("most skipped", steps, lambda step: step.skipped, lambda step: f"{step.skipped}×")
    yield from _ranked("most failed", steps, lambda step: step.failed, lambda step: f"{step.failed}×")
    yield from _ranked("never run", steps, lambda step: step.never, lambda _: "")


def _ranked(
    title: str, steps: Sequence[Tally], size: Callable[[Tally], float], said: Callable[[Tally], str]
) -> Iterator[tuple[str, str]]:
    found = sorted((step for step in steps if size(step)), key=size, reverse=True)
    names = [f"{line(step.step)}{f' ({said(step)})' if said(step) else ''}" for step in found[:NAMED]]
    if names:
        more = f" and {len(found) - NAMED} more" if len(found) > NAMED else ""
        yield title, f"{', '.join(names)}{more}"


def _recipe(tally: Tally) -> str:
    return tally.recipe


def _row(tally: Tally) -> list[Text]:
    return [
        styled(f"  {line(tally.step)}", "code"),
        Text(str(tally.runs)),
        Text(str(tally.ran)),
        styled(str(tally.failed), "bad" if tally.failed else "quiet"),
        styled(str(tally.skipped), "warn" if tally.skipped else "quiet"),
        styled(str(tally.by_hand), "quiet"),
        Text(_spelt(tally.median)),
        Text(_spelt(tally.slowest)),
    ]


def _spelt(duration: timedelta | None) -> str:
    return "–" if duration is None else spell(duration)
