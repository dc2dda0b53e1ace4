"""`recipe image boot`; what a verb needs is imported when it runs."""

# ruff: noqa: PLC0415 - `recipe --help` loads this module, and must not pay for pydantic and rich
from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from recipe_runner.errors import ExitCode

if TYPE_CHECKING:
    from builders.boot.boot import Outcome
    from builders.boot.machine import Firmware, Machine
    from recipe_runner.console.terminal import Terminal


@click.command()
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
    from builders.boot.accelerator import choose_accelerator
    from builders.boot.boot import boot_by_hand
    from builders.boot.machine import Machine, image_format, machine_tools
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
    from builders.boot.accelerator import choose_accelerator
    from builders.boot.boot import marker_of
    from builders.boot.machine import Machine
    from builders.boot.record import BootRecord, find_record
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
    from builders.boot.boot import check_boot, marker_of, open_log

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
