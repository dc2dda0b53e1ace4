"""`recipe image check`, `recipe image plan` and `recipe image schema`; what a verb needs is imported when it runs."""

# ruff: noqa: PLC0415 - `recipe --help` loads this module, and must not pay for pydantic and rich
from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from recipe_runner.errors import ExitCode

if TYPE_CHECKING:
    from builders.build.plan import ImagePlan
    from recipe_runner.console.terminal import Terminal


@click.command(name="check")
@click.argument("definitions", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="DEFINITION.toml...")
@click.option("--format", "form", type=click.Choice(["json", "text"]), default="text", help="How to print the faults.")
def check_definitions(definitions: tuple[Path, ...], form: str) -> int:
    """Find every fault of the definitions without building anything. Exit code 2 if there is one."""
    from builders.distros.check import find_faults
    from recipe_runner.console.diagnostics import show
    from recipe_runner.console.reports import as_json
    from recipe_runner.console.terminal import Terminal

    wanted = tuple(dict.fromkeys(definitions))
    faults = find_faults(wanted)
    terminal = Terminal()
    if form == "json":
        as_json(terminal, faults, len(wanted))
    else:
        show(terminal, faults)
        checked = f"{len(wanted)} {'definition' if len(wanted) == 1 else 'definitions'} checked"
        if faults:
            terminal.note(f"{checked}, {len(faults)} {'fault' if len(faults) == 1 else 'faults'}")
        else:
            terminal.say(f"{checked}, no faults", "good")
    return ExitCode.USAGE if faults else ExitCode.DONE


@click.command(name="schema")
def print_schema() -> None:
    """Print the JSON Schema of image definitions, for editors."""
    from builders.distros.table import FAMILIES
    from builders.images.schema import schema
    from recipe_runner.console.terminal import Terminal

    Terminal().raw(json.dumps(schema(FAMILIES.names()), indent=2, ensure_ascii=False) + "\n")


@click.command()
@click.argument("definition", type=click.Path(dir_okay=False, path_type=Path), metavar="DEFINITION.toml")
@click.option("--serial", metavar="YYYYMMDD[.N]", help="Name of the build; default: the first one of today.")
@click.option("--only", metavar="MEMBER", help="Show this one of the definition's images.")
def plan(definition: Path, serial: str | None, only: str | None) -> None:
    """Show what `recipe image build` would run, make and need; nothing is built, fetched or written."""
    from builders.build.plan import plan_image
    from builders.distros.check import load_definition, load_members
    from builders.images.serial import Serial
    from builders.workshop.bench import drawn_bench
    from recipe_runner.console.terminal import Terminal

    wanted = (load_definition(definition, only),) if only else load_members(definition)
    chosen = Serial.parse(serial) if serial else Serial.today()
    terminal = Terminal()
    if len(wanted) > 1:
        terminal.table(
            ["member", "suite", "architecture", "flavour", "title"],
            ([one.member, one.codename, one.architecture, one.flavour, one.title] for one in wanted),
        )
    for one in wanted:
        staged = Path(one.build, one.codename, str(chosen))
        terminal.say(f"{one.title}, {chosen}, {one.architecture}", "strong")
        _show_plan(terminal, plan_image(drawn_bench(one, chosen, terminal), staged), staged)


def _rows(words: Iterable[str], width: int = 100) -> Iterator[str]:
    """Yield words in rows of about this width; a row begins with an option where it can."""
    row: list[str] = []
    for word in words:
        if row and word.startswith("--") and sum(map(len, row)) + len(row) + len(word) > width - 30:
            yield " ".join(row)
            row = []
        row.append(word)
    yield " ".join(row)


def _show_plan(terminal: Terminal, plan: ImagePlan, staged: Path) -> None:
    from builders.images.size import format_size

    confining: dict[tuple[str, ...], str] = {}
    for phase in plan.phases:
        terminal.say(f"\n# {phase.title}", "strong")
        for command in phase.commands:
            around, text = command.confinement, str(command)
            if around:
                name = confining.setdefault(around, f"confined{len(confining) + 1}")
                text = f"{name} {text.removeprefix(' '.join(around)).lstrip()}"
            terminal.say(text, "code")
    if confining:
        terminal.say("\n# what confines them", "strong")
    for around, name in confining.items():
        terminal.say(" \\\n    ".join([f"{name}() {{", *_rows(around), '"$@"; }']), "quiet")
    terminal.say("")
    terminal.table(
        ["partition", "number", "begins at", "size"],
        ([part.name, str(part.number), format_size(part.start), format_size(part.size)] for part in plan.partitions),
    )
    terminal.say(f"\n{staged}/ would hold", "strong")
    for name in plan.files:
        terminal.say(f"  {name}")
    terminal.say(f"room needed in the tree and in {plan.scratch}: {format_size(plan.room)} each")
    terminal.say("")
    terminal.table(
        ["tool", "package", "version"],
        (
            [found.tool.name, found.tool.package, found.version or "" if found.present else ("missing", "bad")]
            for found in plan.tools
        ),
    )
    terminal.say(f"mke2fs used: {plan.mke2fs or 'none of this machine will do; one would be fetched'}")
