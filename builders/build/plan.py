"""What a build would do, learnt without doing it: its commands by phase, its files, its tools, the room it takes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from builders.build.artefacts import Materials, artefacts, output_tools
from builders.build.disks import BOOTING, disk_commands, disk_paths
from builders.build.filesystem import filesystem_path
from builders.build.layout import Layout, Partition
from builders.build.rootfs import rootfs_command
from builders.customise.customise import final_path, planned_commands
from builders.customise.late import late_commands
from builders.distros.base import Distribution
from builders.distros.table import distribution
from builders.images.definition import Definition
from builders.images.writing import DEFINITION, attachments
from builders.proof.packages import installed
from builders.publish.tree import BUILD_INFO, SUMS, Names
from builders.workshop.bench import Bench
from builders.workshop.command import Argv, Command
from builders.workshop.e2fsprogs import known_mke2fs
from builders.workshop.tools import DISK_TOOLS, Tool, room_needed

FLAVOUR = "FLAVOUR"
"""Stands for the kernel's flavour, which is known once the root file system is made."""
STATUS = Path("/var/lib/dpkg/status")


@dataclass(frozen=True, slots=True)
class PlannedPhase:
    """One phase and the commands it runs, in order."""

    title: str
    commands: tuple[Command, ...]


@dataclass(frozen=True, slots=True)
class FoundTool:
    """A tool of the build, whether it is here, and the version of its Debian package where that is known."""

    tool: Tool
    present: bool
    version: str | None


@dataclass(frozen=True, slots=True)
class ImagePlan:
    """A build that has not been run.

    `files` are names in the serial's directory; `mke2fs` is a version, None where one would be fetched; `room` are
    the bytes that must be free in the tree and below `scratch`.
    """

    phases: tuple[PlannedPhase, ...]
    files: tuple[str, ...]
    tools: tuple[FoundTool, ...]
    partitions: tuple[Partition, ...]
    mke2fs: str | None
    scratch: Path
    room: int


def plan_image(bench: Bench, staged: Path) -> ImagePlan:
    """Say what a build on this bench would run and leave in `staged`; neither place needs to exist.

    The only thing that is run is `mke2fs -V`.
    """
    definition = bench.definition
    family = distribution(definition.distribution)
    bootstrap = family.bootstrap(bench)
    layout = Layout.of(definition, bench.identity)
    names = Names(definition.codename, definition.architecture, definition.flavour)
    mke2fs = known_mke2fs(bench.commands, bench.cache)
    outputs = definition.outputs
    disks = disk_paths(bench, staged, names)
    unpacked = sorted([names.kernel(FLAVOUR), *([names.ramdisk(FLAVOUR)] if bootstrap.ramdisk else [])])
    place = staged if "unpacked" in outputs else bench.work
    materials = Materials(
        final_path(bench), filesystem_path(bench), disks[BOOTING], tuple(place / name for name in unpacked), staged
    )
    made = artefacts(outputs, names, materials, disks)
    files = [artefact.target.relative_to(staged).as_posix() for artefact in made]
    files += unpacked if "unpacked" in outputs else ()
    files += [path.name for path in disks.values() if "raw" in outputs]
    files += [names.licences] if "licences" in outputs else []
    proof = (
        *(
            names.manifest,
            names.file_list,
            names.inspection,
            names.spdx,
            names.cyclonedx,
            names.provenance,
            names.run,
            names.log,
        ),
        *(BUILD_INFO, DEFINITION, *dict.fromkeys(attachment.name for attachment in attachments(definition)), SUMS),
    )
    phases = (
        _phase("root file system", *family.preparation(bench), rootfs_command(bench, bootstrap)),
        _phase("customise", *planned_commands(bench)),
        _phase(
            "file systems and disks",
            *disk_commands(bench, mke2fs.path if mke2fs else Path("mke2fs"), layout, disks),
        ),
        PlannedPhase(
            "outputs",
            (
                *(artefact.command(bench) for artefact in made),
                *(Command(words) for artefact in made for words in late_commands(bench, artefact.hooked)),
            ),
        ),
    )
    return ImagePlan(
        phases,
        (*files, *proof),
        find_tools(build_tools(definition, family)),
        layout.partitions,
        ".".join(map(str, mke2fs.version)) if mke2fs else None,
        bench.work.parent,
        room_needed(definition),
    )


def build_tools(definition: Definition, family: Distribution) -> tuple[Tool, ...]:
    """Return all tools that a build runs."""
    return (*DISK_TOOLS, *output_tools(definition.outputs), *family.tools(definition))


def _phase(title: str, *commands: Argv) -> PlannedPhase:
    return PlannedPhase(title, tuple(map(Command, commands)))


def find_tools(tools: Iterable[Tool], status: Path = STATUS) -> tuple[FoundTool, ...]:
    """Look for each tool; versions are those of dpkg's list of this machine, `status`."""
    text = status.read_text("utf-8", "replace") if status.is_file() else ""
    versions = {package.name: package.version for package in installed(text)}
    return tuple(FoundTool(tool, tool.present(), versions.get(tool.package)) for tool in tools)
