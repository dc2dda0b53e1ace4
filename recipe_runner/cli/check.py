"""`recipe check FILE…`."""

from __future__ import annotations

from pathlib import Path

import click

from recipe_runner.cli import tables
from recipe_runner.console import reports
from recipe_runner.console.terminal import Terminal
from recipe_runner.errors import Diagnostic, ExitCode, RecipeError, gather
from recipe_runner.language.parse import load


@click.command(help="Find every fault of the recipes FILE… without running anything. Exit code 2 if there is one.")
@click.argument("files", nargs=-1, required=True, type=Path, metavar="FILE...")
@click.option(
    "--format", "form", type=click.Choice(sorted(reports.FORMS)), default="text", help="How to print the faults."
)
def command(files: tuple[Path, ...], form: str) -> int:  # noqa: D103 - its help is above
    faults: list[Diagnostic] = []
    for file in dict.fromkeys(files):
        try:
            recipe = load(file)
            tables.refuse_faults(recipe, tables.used_actions(recipe))
        except RecipeError as error:
            faults += error.diagnostics
    reports.FORMS[form](Terminal(), gather(dict.fromkeys(faults)), len(files))
    return ExitCode.USAGE if faults else ExitCode.DONE
