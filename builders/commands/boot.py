"""`recipe image boot`; what a verb needs is imported when it runs."""

# ruff: noqa: PLC0415 - `recipe --help` loads this module, and must not pay for pydantic and rich
from __future__ import annotations

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
@click.option(
    "--timeout",
    type=click.FloatRange(1),
    default=300,
    metavar="SECONDS",
    help="How long a check may take; default: 300.",
)
@click.option("--json", "as_json", type=_FILE, metavar="FILE", help="Write the result of a check here as JSON.")
@click.option("--junit", type=_FILE, metavar="FILE", help="Write the result of a check here as JUnit's XML.")
@click.option(
    "--once",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Keep a record of a passed check here, and do not boot the same bytes again.",
)
@click.option("--memory", type=click.IntRange(64), default=1024, metavar="MIB", help="Its memory; default: 1024.")
@click.option("--cpus", type=click.IntRange(1, 64), default=2, metavar="N", help="Its processors; default: 2.")
@click.option(
    "--libvirt", type=_FILE, metavar="DOMAIN.xml", help="Write the machine as libvirt's domain; boot nothing."
)
@click.option("--network", metavar="NAME", help="Libvirt's virtual network of the domain; default: `default`.")
@click.option("--bridge", metavar="NAME", help="Join the domain to this bridge of the host.")
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
    memory: int,
    cpus: int,
    libvirt: Path | None,
    network: str | None,
    bridge: str | None,
    ssh_key: Path | None,
) -> int:
    """Boot the image FILE in QEMU, its serial console on this terminal; FILE is never written to."""
    from builders.boot.accelerator import choose_accelerator
    from builders.boot.check import Terms
    from builders.boot.hand import boot_by_hand
    from builders.boot.machine import machine_tools
    from builders.boot.place import workplace
    from builders.boot.subject import architecture_of, read_subject
    from builders.workshop.tools import require
    from recipe_runner.console.terminal import Terminal

    _refuse_mixed(
        file,
        check=check,
        libvirt=libvirt is not None,
        for_check={"--once": once, "--json": as_json, "--junit": junit},
        for_libvirt={"--network": network, "--bridge": bridge},
        ssh_key=ssh_key,
    )
    architecture = arch or architecture_of(file)
    chosen = firmware or ("bios" if architecture == "amd64" else "uefi")
    require(machine_tools(chosen, architecture))
    terminal = Terminal()
    with workplace() as work:
        subject = read_subject(file, chosen, work, architecture)
        terms = Terms(chosen, choose_accelerator(architecture), datasource, timeout, memory, cpus)
        if check:
            return _check(terminal, subject, terms, as_json, junit, once)
        if libvirt:
            _write_domain(terminal, subject, terms, bridge, network, ssh_key, libvirt)
        else:
            boot_by_hand(subject, terms, ssh_key, work, terminal)
    return ExitCode.DONE


def _refuse_mixed(
    file: Path,
    *,
    check: bool,
    libvirt: bool,
    for_check: dict[str, Path | None],
    for_libvirt: dict[str, str | None],
    ssh_key: Path | None,
) -> None:
    for name, given in for_check.items():
        if given and not check:
            raise click.UsageError(f"{name} needs --check")
    for name, word in for_libvirt.items():
        if word and not libvirt:
            raise click.UsageError(f"{name} needs --libvirt")
    if all(for_libvirt.values()):
        raise click.UsageError("the machine has one network card: --network or --bridge")
    if libvirt and file.name.endswith(".tar.gz"):
        raise click.UsageError("--libvirt needs an image that stays: unpack the bundle")
    if check and libvirt:
        raise click.UsageError("--libvirt boots nothing: there is nothing to check")
    if check and ssh_key:
        raise click.UsageError("--check makes a key of its own; --ssh-key is for a machine in your hands")


def _write_domain(
    terminal: Terminal,
    subject: Subject,
    terms: Terms,
    bridge: str | None,
    network: str | None,
    ssh_key: Path | None,
    file: Path,
) -> None:
    from builders.boot.libvirt import Attachment, write_domain
    from builders.boot.place import workplace
    from builders.boot.ssh import own_key

    joined = Attachment("bridge", bridge) if bridge else Attachment("network", network or "default")
    with workplace() as work:
        key = own_key(ssh_key) if ssh_key else None
        domain = write_domain(subject, terms, joined, key, file, work)
    images = (subject.image, *(image for image, _ in subject.further))
    for overlay, image in zip(domain.overlays, images, strict=True):
        terminal.note(f"disk: {overlay}, over {image.absolute()}, which must stay where it is")
    terminal.note(f"take it over: virsh define {file}")
    terminal.say(str(file))


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
    if outcome.passed:
        terminal.say(f"passed: {outcome.title} in {outcome.seconds:.1f} s", "good")
        return
    terminal.warn("the console ended with\n" + "\n".join(f"    {text}" for text in outcome.last_words))
    terminal.say(outcome.fault().message, "bad")
