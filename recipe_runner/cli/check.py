"""`recipe check FILE…`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click

from recipe_runner.cli import options
from recipe_runner.cli.tables import ActionModels
from recipe_runner.cli.verbs import PATH
from recipe_runner.console import reports
from recipe_runner.console.terminal import Terminal
from recipe_runner.engine.preconditions.table import kinds
from recipe_runner.errors import Diagnostic, ExitCode, RecipeError, Span, gather
from recipe_runner.language.checks.inspection import inspect
from recipe_runner.language.checks.shellcheck import find_shellcheck


@click.command(help="Find every fault of the recipes FILE… without running anything. Exit code 2 if there is one.")
@click.argument("files", nargs=-1, required=True, type=PATH, metavar="FILE...")
@click.option(
    "--format", "form", type=click.Choice(sorted(reports.FORMS)), default="text", help="How to print the faults."
)
@options.including
def command(files: tuple[Path, ...], form: str, includes: tuple[Path, ...]) -> int:  # noqa: D103 - its help is above
    actions, preconditions, shellcheck = ActionModels(), kinds(), find_shellcheck()
    faults: list[Diagnostic] = []
    wanted = tuple(dict.fromkeys(files))
    for file in wanted:
        try:
            _, found = inspect(
                file, actions=actions, preconditions=preconditions, shellcheck=shellcheck, allowed=includes
            )
            faults += found
        except RecipeError as error:
            place = Span(file.as_posix(), 1)
            faults += (replace(fault, span=fault.span or place) for fault in error.diagnostics)
    reports.FORMS[form](Terminal(), gather(dict.fromkeys(faults)), len(wanted))
    return ExitCode.USAGE if faults else ExitCode.DONE
