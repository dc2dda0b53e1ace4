"""The files that prove a build, written beside what it proves."""

from __future__ import annotations

import gzip
import re
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from builders.archive import pack
from builders.build.aside import Aside
from builders.build.buildinfo import format_info
from builders.build.inspected import format_results, machine_names
from builders.images.writing import DEFINITION, format_definition, write_definition
from builders.proof.cyclonedx import format_cyclonedx
from builders.proof.filelist import file_list
from builders.proof.inspection import Result, inspect
from builders.proof.inventory import Inventory
from builders.proof.licences import licence_of
from builders.proof.packages import installed, manifest
from builders.proof.provenance import Making, Run, format_provenance
from builders.proof.root import Root
from builders.proof.spdx import format_spdx
from builders.publish.sums import digest, digest_all, format_sums
from builders.publish.tree import BUILD_INFO, SUMS, Names
from builders.rootfs import Rootfs
from builders.workshop.bench import Bench
from recipe_runner import __version__
from recipe_runner.errors import RecipeError
from recipe_runner.sanitise import line

_LOGIN = re.compile(rb"(?<=://)[^/@\s'\"]+@")
PROGRAM = ("recipe-runner", __version__)


@dataclass(frozen=True, slots=True)
class Account:
    """What can be said of a root before anything is made of it; `copyrights` are texts by package name."""

    inventory: Inventory
    files: str
    inspection: tuple[Result, ...]
    copyrights: dict[str, bytes]


@dataclass(frozen=True, slots=True)
class Start:
    """What one run is called, and when it began."""

    id: uuid.UUID
    began: datetime

    @classmethod
    def now(cls) -> Start:
        """Begin a run."""
        return cls(uuid.uuid4(), datetime.now(UTC))


def account_for(bench: Bench, names: Names, rootfs: Rootfs) -> Account:
    """Read a root whole: its packages, their licences, its files."""
    packages = tuple(installed(rootfs.read("var/lib/dpkg/status").decode("utf-8", "replace")))
    copyrights = {
        package.name: text
        for package in packages
        if (text := _read(rootfs, f"usr/share/doc/{package.name}/copyright")) is not None
    }
    licences = {name: licence_of(text.decode("utf-8", "replace")) for name, text in copyrights.items()}
    vendor = _vendor((_read(rootfs, "etc/os-release") or b"").decode("utf-8", "replace"))
    definition = bench.definition
    inventory = Inventory(
        bench.identity, names.prefix, definition.title, vendor or definition.distribution, packages, licences, PROGRAM
    )
    root = Root(rootfs.archive, rootfs.members, machine_names(format_definition(definition)))
    return Account(inventory, file_list(rootfs.archive, rootfs.members), inspect(root), copyrights)


def write_proof(bench: Bench, staged: Path, names: Names, rootfs: Rootfs, account: Account, beside: Aside) -> Making:
    """Write the files that say what the build is, then the provenance of all files, then their checksums."""
    definition = bench.definition
    texts = {
        names.manifest: manifest(account.inventory.packages),
        names.file_list: account.files,
        names.inspection: format_results(account.inspection),
        names.spdx: format_spdx(account.inventory),
        names.cyclonedx: format_cyclonedx(account.inventory),
        BUILD_INFO: format_info(definition, bench.serial, rootfs.kernel_version, rootfs.sources),
    }
    for result in account.inspection:
        for finding in result.findings:
            bench.progress.warn(line(f"{result.check}: /{finding.path} {finding.message}"))
    for name, text in texts.items():
        (staged / name).write_text(text, "utf-8")
    write_definition(definition, staged)
    if "licences" in definition.outputs:
        (staged / names.licences).write_bytes(_licences(account.copyrights, bench.serial.epoch))
    files = [path.relative_to(staged).as_posix() for path in staged.rglob("*") if path.is_file()]
    digests = beside.digests(staged)
    digests |= digest_all(staged, [name for name in files if name not in digests])
    making = Making(
        definition.model_dump(mode="json", by_alias=True, exclude_none=True),
        digests[DEFINITION],
        str(bench.serial),
        bench.serial.epoch,
        rootfs.sources,
        __version__,
    )
    (staged / names.provenance).write_text(format_provenance(making, digests), "utf-8")
    digests[names.provenance] = digest(staged / names.provenance)
    (staged / SUMS).write_bytes(format_sums(digests))
    return making


def write_run(
    bench: Bench, staged: Path, names: Names, making: Making, start: Start, tools: dict[str, str], isolation: str
) -> None:
    """Write what differs from run to run: the log, and the provenance of the checksums. Neither is summed.

    Logins in addresses, of this machine's mirrors for instance, stay out of the log.
    """
    (staged / names.log).write_bytes(_LOGIN.sub(b"", bench.commands.log.read_bytes()))
    log = (names.log, digest(staged / names.log))
    run = Run(start.id, start.began, datetime.now(UTC), tools, isolation, log)
    (staged / names.run).write_text(format_provenance(making, {SUMS: digest(staged / SUMS)}, run), "utf-8")


def _read(rootfs: Rootfs, path: str) -> bytes | None:
    try:
        return rootfs.read(path)
    except RecipeError:
        return None


def _vendor(os_release: str) -> str:
    fields = dict(row.split("=", 1) for row in os_release.splitlines() if "=" in row)
    return fields.get("ID", "").strip("\"'")


def _licences(copyrights: dict[str, bytes], epoch: int) -> bytes:
    packed = pack({f"{name}/copyright": text for name, text in copyrights.items()}, epoch)
    return gzip.compress(packed, mtime=0)
