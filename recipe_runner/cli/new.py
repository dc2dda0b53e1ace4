"""`recipe new FILE`."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import click

from recipe_runner.cli.verbs import PATH
from recipe_runner.cli.writing import write_new
from recipe_runner.console.terminal import Terminal
from recipe_runner.errors import UsageError
from recipe_runner.sanitise import line

HEADING = "\n# Title\n"
"""Where the title goes in `new.md`, the recipe to start from."""


@click.command(help="Write to FILE a recipe to start from: the release of a small Git project.")
@click.argument("file", type=PATH)
@click.option("--title", metavar="TEXT", help="The recipe's title; default: the file's name in words.")
def command(file: Path, title: str | None) -> None:  # noqa: D103 - its help is above
    words = " ".join((title if title is not None else _words(file)).split())
    if not words or line(words) != words:
        raise UsageError.because(f"found the title `{line(words)}`, wanted words", hint="write --title 'Release it'")
    start = files(__package__).joinpath("new.md").read_text(encoding="utf-8")
    text = start.replace(HEADING, f"\n# {words}\n", 1)
    write_new(file, text.encode(), hint="choose another name, or remove that file")
    terminal = Terminal()
    terminal.say(str(file))
    terminal.note(f"next: recipe check {file}, recipe plan {file}, recipe run {file}")


def _words(file: Path) -> str:
    words = file.stem.replace("-", " ").replace("_", " ").strip()
    return words[:1].upper() + words[1:]
