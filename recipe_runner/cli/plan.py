"""`recipe plan FILE`."""

from __future__ import annotations

import heapq
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import click
from msgspec.structs import replace

from recipe_runner.cli import options, surroundings, tables
from recipe_runner.cli.given import Given
from recipe_runner.cli.verbs import PATH
from recipe_runner.console import outline
from recipe_runner.console.terminal import Terminal
from recipe_runner.engine.estimates import estimates
from recipe_runner.engine.events import Event
from recipe_runner.engine.forecast import forecast
from recipe_runner.engine.preconditions.table import kinds
from recipe_runner.engine.values import resolve
from recipe_runner.errors import RecipeError
from recipe_runner.journal.ledger import JOURNAL
from recipe_runner.journal.reading.read import records
from recipe_runner.language.parameters import Parameter
from recipe_runner.language.parse import load

RECENT = 20
"""Earlier runs that are read for the estimate."""


@click.command(help="Show what running the recipe FILE would do, without running anything.")
@click.argument("file", type=PATH)
@Given.options
@click.option("--runs", type=PATH, metavar="DIR", help="Estimate times by the runs below this directory.")
@options.including
@click.option("--json", "as_json", is_flag=True, help="Print the plan as JSON.")
def command(  # noqa: D103 - its help is above
    file: Path,
    given: Given,
    runs: Path | None,
    includes: tuple[Path, ...],
    as_json: bool,
) -> None:
    recipe = load(file, includes)
    tables.refuse_faults(recipe)
    values, listed = given.values(), given.listed()
    missing = _missing(recipe.params, {*values, *listed}, os.environ)
    relaxed = [replace(p, required=False) if p.name in missing else p for p in recipe.params]
    seen = forecast(
        recipe,
        resolve(relaxed, given=values, file=listed, environ=os.environ),
        missing=[p.name for p in recipe.params if p.name in missing and p.type != "secret"],
        actions=tables.used_actions(recipe),
        preconditions=kinds(),
    )
    durations = estimates(recipe, map(_events, _newest(runs or surroundings.default_runs())))
    terminal = Terminal()
    if as_json:
        terminal.raw(json.dumps(outline.as_data(seen, durations), indent=2, ensure_ascii=False) + "\n")
    else:
        outline.show(terminal, seen, durations)


def _missing(parameters: Sequence[Parameter], given: set[str], environ: Mapping[str, str]) -> frozenset[str]:
    """Return the names of the parameters that a run would have to ask for."""
    return frozenset(
        p.name
        for p in parameters
        if p.required and p.default is None and p.name not in given and not (p.env and environ.get(p.env))
    )


def _newest(runs: Path) -> Sequence[Path]:
    """Return the run directories whose journals were written to last, newest first; none where there are none."""
    dated = []
    for journal in runs.glob(f"*/{JOURNAL}"):
        try:
            dated.append((journal.stat().st_mtime_ns, journal.parent))
        except OSError:
            continue
    return [run for _, run in heapq.nlargest(RECENT, dated)]


def _events(run: Path) -> Iterator[Event]:
    """Yield the events of a run as far as its journal can be read."""
    try:
        for record in records(run):
            if record.event is not None:
                yield record.event
    except RecipeError:
        return
