"""`recipe image …` and `recipe cloud …`; what a verb needs is imported when it runs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from builders.rehearsal.commands import group as cloud
from recipe_runner.errors import ExitCode

if TYPE_CHECKING:
    from builders.build.boot import Outcome
    from builders.build.machine import Firmware, Machine
    from builders.build.plan import ImagePlan
    from recipe_runner.console.terminal import Terminal

__all__ = ["cloud", "image"]


@click.group(name="image")
def image() -> None:
    """Build images, and boot them."""


@image.command(name="check")
@click.argument("definitions", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="DEFINITION.toml...")
@click.option("--format", "form", type=click.Choice(["json", "text"]), default="text", help="How to print the faults.")
def check_definitions(definitions: tuple[Path, ...], form: str) -> int:
    """Find every fault of the definitions without building anything. Exit code 2 if there is one."""
    # ruff: noqa: PLC0415 - `recipe --help` loads this module, and must not pay for pydantic and rich
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


@image.command()
@click.argument("definition", type=click.Path(dir_okay=False, path_type=Path), metavar="DEFINITION.toml")
@click.option("--serial", metavar="YYYYMMDD[.N]", help="Name of the build; default: the first one of today.")
def plan(definition: Path, serial: str | None) -> None:
    """Show what `recipe image build` would run, make and need; nothing is built, fetched or written."""
    from builders.build.bench import drawn_bench
    from builders.build.plan import plan_image
    from builders.distros.check import load_definition
    from builders.images.serial import Serial
    from recipe_runner.console.terminal import Terminal

    wanted = load_definition(definition)
    chosen = Serial.parse(serial) if serial else Serial.today()
    staged = Path("server", wanted.codename, str(chosen))
    terminal = Terminal()
    terminal.say(f"{wanted.title}, {chosen}, {wanted.architecture}", "strong")
    _show_plan(terminal, plan_image(drawn_bench(wanted, chosen, terminal), staged), staged)


def _show_plan(terminal: Terminal, plan: ImagePlan, staged: Path) -> None:
    from shlex import join

    from builders.images.size import format_size

    for phase in plan.phases:
        terminal.say(f"\n# {phase.title}", "strong")
        for command in phase.commands:
            terminal.say(join(map(str, command)), "code")
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


@image.command()
@click.argument("definition", type=click.Path(dir_okay=False, path_type=Path), metavar="DEFINITION.toml")
@click.option(
    "--tree", required=True, type=click.Path(file_okay=False, path_type=Path), help="Publish below this directory."
)
@click.option("--serial", metavar="YYYYMMDD[.N]", help="Name of this build; default: the next free one of today.")
@click.option("--key", metavar="FINGERPRINT", help="Sign the checksums with this key of GNUPGHOME.")
@click.option("--no-cache", is_flag=True, help="Make every phase anew, and keep none.")
def build(definition: Path, tree: Path, serial: str | None, key: str | None, no_cache: bool) -> None:
    """Build the image and put it whole into the tree, checksummed, as server/<codename>/<serial>/.

    The same definition, serial and archive state give the same bytes.
    """
    from builders.build.cache import PhaseCache
    from builders.build.e2fsprogs import cache_directory
    from builders.build.image import build_image, next_serial
    from builders.distros.check import load_definition
    from builders.images.serial import Serial
    from builders.publish.tree import Tree
    from recipe_runner.console.terminal import Terminal

    wanted = load_definition(definition)
    place = Tree(tree)
    chosen = Serial.parse(serial) if serial else next_serial(place, wanted.codename)
    terminal = Terminal()
    cache = None if no_cache else PhaseCache(cache_directory() / "phases")
    terminal.say(str(build_image(wanted, chosen, place, progress=terminal, key=key, cache=cache)))


@image.command()
@click.argument("built", type=click.Path(file_okay=False, path_type=Path), metavar="BUILD")
@click.option("--key", metavar="FINGERPRINT", help="The checksums must be signed by this key of GNUPGHOME.")
@click.option("--explain", is_flag=True, help="Show what diffoscope says of each file that differs.")
def reproduce(built: Path, key: str | None, explain: bool) -> int:
    """Build the image of directory BUILD again elsewhere and compare every file. Exit code 4 if one differs."""
    from builders.build import reproduce as work
    from recipe_runner.console.terminal import Terminal

    if explain:
        work.require_diffoscope()
    terminal = Terminal()
    with work.reproduce(built, progress=terminal, key=key) as reproduction:
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


@image.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--check", is_flag=True, help="Only learn whether it comes up: exit code 0 or 1.")
@click.option("--firmware", type=click.Choice(["bios", "uefi"]), default="bios", show_default=True)
@click.option("--timeout", type=click.FloatRange(1), default=180.0, show_default=True, help="Seconds a check may take.")
@click.option(
    "--once",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Keep a record of a passed check here, and do not boot the same bytes again.",
)
def boot(file: Path, check: bool, firmware: Literal["bios", "uefi"], timeout: float, once: Path | None) -> int:
    """Boot the disk image FILE in QEMU, its serial console on this terminal; FILE is never written to."""
    from builders.build.accelerator import choose_accelerator
    from builders.build.boot import boot_by_hand
    from builders.build.machine import Machine, image_format, machine_tools
    from builders.build.tools import require
    from recipe_runner.console.terminal import Terminal

    if once and not check:
        raise click.UsageError("--once needs --check")
    require(machine_tools(firmware))
    image_format(file)
    terminal = Terminal()
    if once:
        return _check_once(terminal, file, firmware, timeout, once)
    machine = Machine(file, firmware, choose_accelerator())
    if check:
        return ExitCode.DONE if _check(terminal, machine, timeout).passed else ExitCode.FAILED
    terminal.note("Ctrl-A X ends the machine; what it writes is thrown away.")
    boot_by_hand(machine)
    return ExitCode.DONE


def _check_once(terminal: Terminal, file: Path, firmware: Firmware, limit: float, directory: Path) -> int:
    from builders.build.accelerator import choose_accelerator
    from builders.build.boot import marker_of
    from builders.build.machine import Machine
    from builders.build.record import BootRecord, find_record
    from builders.publish.sums import digest

    sha256, marker = digest(file), marker_of(file)
    if record := find_record(directory, sha256, firmware, marker):
        terminal.say(f"passed before: {file.name} under {firmware} in {record.seconds:.1f} s", "good")
        return ExitCode.DONE
    machine = Machine(file, firmware, choose_accelerator())
    outcome = _check(terminal, machine, limit)
    if not outcome.passed:
        return ExitCode.FAILED
    seconds = round(outcome.seconds, 1)
    BootRecord(sha256=sha256, firmware=firmware, marker=marker, accelerator=machine.accelerator, seconds=seconds).keep(
        directory
    )
    return ExitCode.DONE


def _check(terminal: Terminal, machine: Machine, limit: float) -> Outcome:
    from builders.build.boot import check_boot, marker_of, open_log

    marker = marker_of(machine.image)
    title = f"booting {machine.image.name} under {machine.firmware} with {machine.accelerator}"
    with open_log(machine) as log:
        terminal.note(f"{title}, waiting for `{marker}`; console in {log.name}")
        with terminal.progress(title, limit) as tick:
            outcome = check_boot(machine, marker, limit, log, tick)
        _tell(terminal, machine, outcome, Path(log.name))
    return outcome


def _tell(terminal: Terminal, machine: Machine, outcome: Outcome, log: Path) -> None:
    name = f"{machine.image.name} under {machine.firmware}"
    if outcome.passed:
        terminal.say(f"passed: {name} in {outcome.seconds:.1f} s", "good")
        return
    said = log.read_bytes().decode("utf-8", "replace").replace("\r", "").strip().split("\n")
    terminal.warn("the console ended with\n" + "\n".join(f"    {text}" for text in said[-10:]))
    terminal.say(f"failed: {name} after {outcome.seconds:.1f} s: {outcome.fault}", "bad")
