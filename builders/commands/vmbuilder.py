"""`recipe image import-vmbuilder`; what it needs is imported when it runs."""

# ruff: noqa: PLC0415 - `recipe --help` loads this module, and must not pay for pydantic and rich
from __future__ import annotations

from pathlib import Path

import click

from recipe_runner.errors import ExitCode


@click.command(name="import-vmbuilder")
@click.argument("words", nargs=-1, required=True, type=click.UNPROCESSED, metavar="FILE | -- vmbuilder OPTION...")
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="DEFINITION.toml",
    help="Where to write; default: FILE's name with `.toml`, in this directory.",
)
def import_vmbuilder(words: tuple[str, ...], output: Path | None) -> int:
    """Make a definition of a VMBuilder configuration, a script with its command, or the command itself."""
    from builders.vmbuilder.convert import convert
    from builders.vmbuilder.reading import read_words
    from builders.vmbuilder.writing import write_conversion
    from recipe_runner.console.terminal import Terminal

    source, folder, settings = read_words(words)
    made = convert(settings, folder)
    target = output or Path(Path(source).with_suffix(".toml").name)
    write_conversion(made, source, target)
    terminal = Terminal()
    for remark in made.remarks:
        place = f"{remark.span.path}:{remark.span.line}: " if remark.span else ""
        terminal.note(f"{place}`{remark.option}`: {remark.text}")
    terminal.say(str(target))
    return ExitCode.DONE
