"""`recipe image boot`; what a verb needs is imported when it runs."""

# ruff: noqa: PLC0415 - `recipe --help` loads this module, and must not pay for pydantic and rich
from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from recipe_runner.errors import ExitCode

if TYPE_CHECKING:
    from builders.boot.check import Outcome, Terms
    from builders.boot.subject import Subject
    from recipe_runner.console.terminal import Terminal

_FILE = click.Path(dir_okay=False, path_type=Path)


@click.command()
@click.argument("file", type=_FILE)
@click.option("--check", is_flag=True, help="Assert that it comes up as it must: exit code 0 or 1.")
@click.option("--firmware", type=click.Choice(["bios", "uefi", "direct"]), default=None, help="How it is started.")
@click.option(
    "--datasource",
    type=click.Choice(["nocloud", "ec2"]),
    default="nocloud",
    show_default=True,
    help="Where cloud-init gets its data from.",
)
@click.option("--arch", type=click.Choice(["amd64", "arm64"]), help="The machine; default: what the build says.")
@click.option("--timeout", type=click.FloatRange(1), default=300.0, show_default=True, help="Seconds a check may take.")
@click.option("--json", "as_json", type=_FILE, metavar="FILE", help="Write the result of a check here as JSON.")
@click.option("--junit", type=_FILE, metavar="FILE", help="Write the result of a check here as JUnit's XML.")
@click.option(
    "--once",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Keep a record of a passed check here, and do not boot the same bytes again.",
)
@click.option("--ssh-key", type=_FILE, metavar="FILE", help="Let this key in; default: one made for this machine.")
def boot(
    file: Path,
    check: bool,
    firmware: Literal["bios", "uefi", "direct"] | None,
    datasource: Literal["nocloud", "ec2"],
    arch: Literal["amd64", "arm64"] | None,
    timeout: float,
    as_json: Path | None,
    junit: Path | None,
    once: Path | None,
    ssh_key: Path | None,
) -> int:
    """Boot the image FILE in QEMU, its serial console on this terminal; FILE is never written to."""
    from builders.boot.accelerator import choose_accelerator
    from builders.boot.check import Terms
    from builders.boot.hand import boot_by_hand
    from builders.boot.machine import machine_tools
    from builders.boot.subject import architecture_of, read_subject
    from builders.build.tools import require
    from recipe_runner.console.terminal import Terminal

    _refuse_mixed(check=check, for_check={"--once": once, "--json": as_json, "--junit": junit}, ssh_key=ssh_key)
    architecture = arch or architecture_of(file)
    chosen = firmware or ("bios" if architecture == "amd64" else "uefi")
    require(machine_tools(chosen, architecture))
    terminal = Terminal()
    with tempfile.TemporaryDirectory(prefix="boot-") as work:
        subject = read_subject(file, chosen, Path(work), architecture)
        terms = Terms(chosen, choose_accelerator(architecture), datasource, timeout)
        if check:
            return _check(terminal, subject, terms, as_json, junit, once)
        boot_by_hand(subject, terms, ssh_key, Path(work), terminal)
    return ExitCode.DONE


def _refuse_mixed(*, check: bool, for_check: dict[str, Path | None], ssh_key: Path | None) -> None:
    for name, given in for_check.items():
        if given and not check:
            raise click.UsageError(f"{name} needs --check")
    if check and ssh_key:
        raise click.UsageError("--check makes a key of its own; --ssh-key is for a machine in your hands")


def _check(
    terminal: Terminal, subject: Subject, terms: Terms, as_json: Path | None, junit: Path | None, once: Path | None
) -> int:
    from builders.boot import results
    from builders.boot.check import check_boot
    from builders.boot.log import open_log
    from builders.boot.record import find_record, record_of
    from builders.publish.durable import replace
    from builders.publish.sums import digest

    sha256 = digest(subject.image) if once else ""
    if once and (record := find_record(once, sha256, terms.firmware, terms.datasource, subject.marker)):
        terminal.say(f"passed before: {subject.image.name} under {terms.firmware} in {record.seconds:.1f} s", "good")
        return ExitCode.DONE
    with open_log(subject.image, terms.firmware) as log:
        terminal.note(f"console in {log.name}")
        outcome = check_boot(subject, terms, log, terminal)
    if as_json:
        replace(as_json, results.as_json(outcome).encode())
    if junit:
        replace(junit, results.as_junit([outcome]))
    if once and outcome.passed:
        record_of(outcome, sha256).keep(once)
    _tell(terminal, outcome)
    return ExitCode.DONE if outcome.passed else ExitCode.FAILED


def _tell(terminal: Terminal, outcome: Outcome) -> None:
    from builders.boot.results import rows

    terminal.table(["", "assertion", ""], rows(outcome))
    name = f"{outcome.subject.image.name} under {outcome.terms.firmware} with {outcome.terms.accelerator}"
    if outcome.passed:
        terminal.say(f"passed: {name} in {outcome.seconds:.1f} s", "good")
        return
    terminal.warn("the console ended with\n" + "\n".join(f"    {text}" for text in outcome.last_words))
    failed = [made for made in outcome.assertions if made.state == "failed"]
    why = f"{failed[0].name}: {failed[0].said or failed[0].meaning}"
    terminal.say(f"failed: {name} after {outcome.seconds:.1f} s, {why}", "bad")
