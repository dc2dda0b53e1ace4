"""`recipe show FILE`."""

from __future__ import annotations

from pathlib import Path

import click

from recipe_runner.cli import options
from recipe_runner.cli.verbs import PATH
from recipe_runner.console import page
from recipe_runner.console.terminal import Terminal
from recipe_runner.errors import InvalidRecipeError
from recipe_runner.language.header import read_header
from recipe_runner.language.parse import include_reader, read_file, survey
from recipe_runner.language.source import Document


@click.command(help="Read the recipe FILE and what it includes in the terminal, each step with its id.")
@click.argument("file", type=PATH)
@click.option("--plain", is_flag=True, help="No colour, no drawing: for screen readers and logs.")
@options.including
def command(file: Path, plain: bool, includes: tuple[Path, ...]) -> None:  # noqa: D103 - its help is above
    data = read_file(file)
    read = include_reader(file, includes)
    recipe, faults = survey(file.as_posix(), data, read=read, outward=bool(includes))
    terminal = Terminal(plain=plain)
    page.header(terminal, recipe)
    for number, source in enumerate(recipe.sources):
        document = Document.decode(source.path, read(source.path) if number else data)
        page.body(terminal, recipe, document, read_header(document).first_line)
    if faults:
        raise InvalidRecipeError(*faults)
