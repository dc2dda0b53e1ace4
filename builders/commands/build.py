"""`recipe image build` and `recipe image reproduce`; what a verb needs is imported when it runs."""

# ruff: noqa: PLC0415 - `recipe --help` loads this module, and must not pay for pydantic and rich
from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from recipe_runner.errors import ExitCode

if TYPE_CHECKING:
    from builders.build.inspected import Inspection
    from recipe_runner.console.terminal import Terminal


@click.command()
@click.argument("definition", type=click.Path(dir_okay=False, path_type=Path), metavar="DEFINITION.toml")
@click.option(
    "--tree", required=True, type=click.Path(file_okay=False, path_type=Path), help="Publish below this directory."
)
@click.option("--serial", metavar="YYYYMMDD[.N]", help="Name of this build; default: the next free one of today.")
@click.option("--key", metavar="FINGERPRINT", help="Sign the checksums with this key of GNUPGHOME.")
@click.option("--only", metavar="MEMBER", help="Build this one of the definition's images.")
@click.option("--outside-hooks", is_flag=True, help="Run the definition's hooks outside the root on this machine.")
@click.option("--no-cache", is_flag=True, help="Make every phase anew, and keep none.")
@click.option(
    "--boot", "firmwares", metavar="FIRMWARES", help="Boot it before it is published: `bios,uefi:ec2,direct`."
)
@click.option("--no-boot", is_flag=True, help="Leave out the boot tests that the definition asks for.")
@click.option(
    "--boot-timeout",
    type=click.FloatRange(1),
    default=300,
    metavar="SECONDS",
    help="How long a boot may take; default: 300.",
)
@click.option("--keep-failed", is_flag=True, help="Publish it also when a boot test fails; exit code 1 all the same.")
def build(
    definition: Path,
    tree: Path,
    serial: str | None,
    key: str | None,
    only: str | None,
    outside_hooks: bool,
    no_cache: bool,
    firmwares: str | None,
    no_boot: bool,
    boot_timeout: float,
    keep_failed: bool,
) -> int:
    """Build the images and put each whole into the tree, checksummed, as <flavour>/<codename>/<serial>/.

    The same definition, serial and archive state give the same bytes. A definition with a matrix gives one image for
    each of its members.
    """
    from builders.boot.trials import Trials, parse_trials
    from builders.build.cache import PhaseCache
    from builders.build.image import build_image, next_serial
    from builders.distros.check import load_definition, load_members
    from builders.images.serial import Serial
    from builders.publish.tree import Tree
    from builders.workshop.bench import cache_directory
    from recipe_runner.console.terminal import Terminal

    if no_boot and firmwares:
        raise click.UsageError("--boot and --no-boot exclude each other")
    wanted = (load_definition(definition, only),) if only else load_members(definition)
    terminal = Terminal()
    asked = () if no_boot else parse_trials(firmwares) if firmwares is not None else None
    trials = Trials(asked, boot_timeout, keep_failed, terminal)
    if keep_failed and not any(trials.of(one) for one in wanted):
        raise click.UsageError("--keep-failed needs boot tests: --boot, or `test` in the definition's table `boot`")
    for one in wanted:
        trials.require(one)
    place = Tree(tree)
    chosen = Serial.parse(serial) if serial else next_serial(place, wanted)
    cache = None if no_cache else PhaseCache(cache_directory() / "phases")
    for one in wanted:
        if len(wanted) > 1:
            terminal.note(f"{one.member}: {one.title}")
        made = build_image(
            one,
            chosen,
            place,
            progress=terminal,
            key=key,
            cache=cache,
            accept=trials.accepting(one),
            outside_hooks=outside_hooks,
        )
        terminal.say(str(made))
    return ExitCode.FAILED if trials.failed else ExitCode.DONE


@click.command()
@click.argument("built", type=click.Path(file_okay=False, path_type=Path), metavar="BUILD")
@click.option("--key", metavar="FINGERPRINT", help="The checksums must be signed by this key of GNUPGHOME.")
@click.option("--outside-hooks", is_flag=True, help="Run the definition's hooks outside the root on this machine.")
@click.option("--explain", is_flag=True, help="Show what diffoscope says of each file that differs.")
def reproduce(built: Path, key: str | None, outside_hooks: bool, explain: bool) -> int:
    """Build the image of directory BUILD again elsewhere and compare every file. Exit code 4 if one differs."""
    from builders.build import reproduce as work
    from recipe_runner.console.terminal import Terminal

    if explain:
        work.require_diffoscope()
    terminal = Terminal()
    with work.reproduce(built, progress=terminal, key=key, outside_hooks=outside_hooks) as reproduction:
        terminal.table(
            ["file", "promised", "made again", ""],
            (
                [
                    file.name,
                    (file.promised or "")[:12],
                    (file.remade or "")[:12],
                    (file.verdict, "good" if file.verdict == "same" else "bad"),
                ]
                for file in reproduction.files
            ),
        )
        for suite in reproduction.moved:
            terminal.warn(f"the archive of {suite} has moved on: its index is not the one this build was made from")
        if explain:
            for said in work.explain(built, reproduction):
                terminal.say(said)
    if reproduction.same:
        terminal.say(f"reproduced: {len(reproduction.files)} files, all the same", "good")
        return ExitCode.DONE
    others = sum(file.verdict != "same" for file in reproduction.files)
    terminal.say(f"not reproduced: {others} of {len(reproduction.files)} files are not the same", "bad")
    return ExitCode.VERIFICATION


@click.command()
@click.argument("path", type=click.Path(path_type=Path), metavar="BUILD|ROOT.tar")
@click.option("--allow", "allowed", multiple=True, metavar="CHECK:PATH", help="Not a fault; `*` stands for any text.")
@click.option(
    "--previous", type=click.Path(file_okay=False, path_type=Path), metavar="BUILD", help="Compare with this build."
)
@click.option(
    "--growth",
    type=click.FloatRange(0),
    default=10.0,
    show_default=True,
    metavar="PERCENT",
    help="How much larger it may be.",
)
@click.option("--format", "form", type=click.Choice(["json", "text"]), default="text", help="How to print the results.")
def inspect(path: Path, allowed: tuple[str, ...], previous: Path | None, growth: float, form: str) -> int:
    """Look for what an image must not have, and what changed since the previous serial. Exit code 4 on a finding."""
    from builders.build.inspected import as_json, inspect_path
    from recipe_runner.console.terminal import Terminal

    terminal = Terminal()
    found = inspect_path(path, allowed=allowed, growth=growth, previous=previous)
    if form == "json":
        terminal.raw(as_json(found))
    else:
        _show_inspection(terminal, found)
    return ExitCode.DONE if found.passed else ExitCode.VERIFICATION


def _show_inspection(terminal: Terminal, found: Inspection) -> None:
    from recipe_runner.sanitise import line

    if found.changes:
        terminal.say(f"packages since {found.previous}", "strong")
        terminal.table(
            ["package", "", "before", "now"],
            ([change.package, change.kind, change.before or "", change.now or ""] for change in found.changes),
        )
        terminal.say("")
    for result in found.results:
        terminal.say(f"{'✗' if result.findings else '✓'} {line(result.title)}", "bad" if result.findings else "good")
        for finding in result.findings:
            terminal.say(f"    {result.check}:/{line(finding.path)} {line(finding.message)}")
    number = sum(len(result.findings) for result in found.results)
    terminal.say(f"{number} {'finding' if number == 1 else 'findings'}", "bad" if number else "good")
