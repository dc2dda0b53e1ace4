"""`recipe import FILE -o OUT`."""

from __future__ import annotations

from pathlib import Path

import click

from recipe_runner.cli.verbs import PATH
from recipe_runner.cli.writing import write_new, write_over
from recipe_runner.console import proposals
from recipe_runner.console.terminal import Terminal
from recipe_runner.errors import UsageError
from recipe_runner.language.parse import read_file
from recipe_runner.language.proposal import propose


@click.command(
    name="import",
    help="Make a recipe of the release document FILE: ids are added to its shell fences, and nothing else.",
)
@click.argument("file", type=PATH)
@click.option("-o", "--output", required=True, type=PATH, metavar="OUT", help="Write the recipe to this file.")
@click.option("--console", is_flag=True, help="Propose the `$ ` lines of transcripts as steps too.")
@click.option("--force", is_flag=True, help="Replace OUT if it is there.")
def command(file: Path, output: Path, console: bool, force: bool) -> None:  # noqa: D103 - its help is above
    proposal = propose(file.as_posix(), read_file(file), console=console)
    if output.exists() and output.samefile(file):
        raise UsageError.because(f"`{output}` is the document itself", hint="give -o another name")
    data = proposal.text.encode()
    if force:
        write_over(output, data)
    else:
        write_new(output, data, hint="add --force to replace it")
    proposals.show(Terminal(), proposal, output)
