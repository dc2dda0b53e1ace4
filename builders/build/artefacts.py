"""The files people take home, made from the finished root, file system and disk: one row of a table for each output."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from builders.build.stamps import stamp_vhd, stamp_vmdk
from builders.customise.late import Made, run_late_hooks
from builders.images.definition import Output
from builders.images.serial import Identity
from builders.publish.tree import Names
from builders.rootfs import Rootfs
from builders.workshop.bench import Bench
from builders.workshop.command import Command
from builders.workshop.tools import Tool


@dataclass(frozen=True, slots=True)
class Materials:
    """What artefacts are made of: the root's archive, its ext4 image, the raw disk, kernel and ramdisk.

    `unpacked` are paths; they and all targets lie below `staged`.
    """

    archive: Path
    filesystem: Path
    disk: Path
    unpacked: tuple[Path, ...]
    staged: Path


@dataclass(frozen=True, slots=True)
class Recipe:
    """How one output is made: its file, what it is made of, by which command and tools.

    `stamp` replaces what the tool took from clock and chance.
    """

    name: Callable[[Names], str]
    made_of: Literal["rootfs", "filesystem", "disk"]
    command: Callable[[Bench, Names, Materials, Path], Command]
    tools: tuple[Tool, ...] = ()
    stamp: Callable[[Path, Identity, str], None] | None = None


@dataclass(frozen=True, slots=True)
class Artefact:
    """One file that is made by a command: an output, of one of the disks where there are several."""

    output: Output
    names: Names
    materials: Materials

    @property
    def label(self) -> str:
        """What it is called in titles and keys."""
        return label(self.output, self.names.disk)

    @property
    def target(self) -> Path:
        """The file."""
        return self.materials.staged / RECIPES[self.output].name(self.names)

    def command(self, bench: Bench) -> Command:
        """Return the command that makes it."""
        return RECIPES[self.output].command(bench, self.names, self.materials, self.target)

    def make(self, bench: Bench) -> None:
        """Make it; the same materials give the same bytes."""
        bench.commands.perform(self.command(bench))
        if stamp := RECIPES[self.output].stamp:
            stamp(self.target, bench.identity, self.names.disk)
        run_late_hooks(bench, self.hooked)

    @property
    def hooked(self) -> Made:
        """The file as hooks of the phase `output` know it."""
        return Made("output", self.target, self.label, fixed=False)


def artefacts(
    outputs: Collection[Output], names: Names, materials: Materials, disks: Mapping[str, Path]
) -> tuple[Artefact, ...]:
    """Return all that is to be made of the materials; `disks` are the raw disks by name."""
    return tuple(
        Artefact(output, replace(names, disk=disk), replace(materials, disk=disks[disk]))
        for output, disk in asked_for(outputs, disks)
    )


def asked_for(outputs: Collection[Output], disks: Iterable[str]) -> Iterator[tuple[Output, str]]:
    """Give output and disk of each artefact: forms of disks once for each disk, the others for the one that boots."""
    for output, recipe in RECIPES.items():
        if output in outputs:
            yield from ((output, disk) for disk in disks if recipe.made_of == "disk" or not disk)


def label(output: Output, disk: str) -> str:
    """Return what an artefact is called: `qcow2`, and `data qcow2` for the disk `data`."""
    return f"{disk} {output}".strip()


def output_tools(outputs: tuple[Output, ...]) -> tuple[Tool, ...]:
    """Return the tools that these outputs need besides those of every build."""
    return tuple(dict.fromkeys(tool for output in outputs if output in RECIPES for tool in RECIPES[output].tools))


def _convert(form: str, *options: str) -> Callable[[Bench, Names, Materials, Path], Command]:
    def command(bench: Bench, names: Names, materials: Materials, target: Path) -> Command:
        del bench, names
        return Command(("qemu-img", "convert", "-f", "raw", "-O", form, *options, materials.disk, target))

    return command


def _compress(*words: str) -> Callable[[Bench, Names, Materials, Path], Command]:
    def command(bench: Bench, names: Names, materials: Materials, target: Path) -> Command:
        del bench, names
        return Command(words, materials.archive, target)

    return command


def _squash(bench: Bench, names: Names, materials: Materials, target: Path) -> Command:
    del bench, names
    return Command(("sqfstar", "-quiet", "-no-progress", "-comp", "zstd", target), materials.archive)


def _copy(bench: Bench, names: Names, materials: Materials, target: Path) -> Command:
    del bench, names
    return Command(("cp", "--sparse=always", materials.filesystem, target))


def _bundle(bench: Bench, names: Names, materials: Materials, target: Path) -> Command:
    """Pack filesystem image, kernel and ramdisk, flat, as private clouds of 2009 take them.

    The filesystem image is a sparse member. gzip at its fastest: at its best it would take ten times as long
    for a tenth less.
    """
    return Command(
        (
            *("tar", "--create", "--file", target, "--use-compress-program=gzip -1 --no-name"),
            *("--format=gnu", "--sparse", "--hole-detection=raw", "--mode=0644"),
            *("--owner=0", "--group=0", "--numeric-owner", f"--mtime=@{bench.serial.epoch}"),
            f"--transform=s,^{re.escape(materials.filesystem.name)}$,{names.image},",
            *(word for path in materials.unpacked for word in ("--directory", path.parent, path.name)),
            *("--directory", materials.filesystem.parent, materials.filesystem.name),
        )
    )


RECIPES: dict[Output, Recipe] = {
    # zlib clusters: the form every hypervisor and cloud reads
    "qcow2": Recipe(lambda names: names.image, "disk", _convert("qcow2", "-c")),
    "vmdk": Recipe(
        lambda names: names.vmdk,
        "disk",
        _convert("vmdk", "-o", "subformat=streamOptimized,adapter_type=lsilogic"),
        stamp=stamp_vmdk,
    ),
    # Azure takes fixed VHDs alone, and rounds sizes that are no whole MiB; `force_size` keeps the disk's own
    "vhd": Recipe(
        lambda names: names.vhd, "disk", _convert("vpc", "-o", "subformat=fixed,force_size=on"), stamp=stamp_vhd
    ),
    "filesystem": Recipe(lambda names: names.filesystem, "filesystem", _copy),
    "bundle": Recipe(lambda names: names.tarball, "filesystem", _bundle),
    "squashfs": Recipe(lambda names: names.squashfs, "rootfs", _squash, (Tool("sqfstar", "squashfs-tools"),)),
    "root-tar.gz": Recipe(lambda names: names.root("gz"), "rootfs", _compress("gzip", "-6", "--no-name")),
    # the number of threads, not of cores, decides where xz begins a block
    "root-tar.xz": Recipe(
        lambda names: names.root("xz"), "rootfs", _compress("xz", "-6", "--threads=2"), (Tool("xz", "xz-utils"),)
    ),
}
"""The outputs that a command makes. `raw` is the disk itself, `unpacked` what lies in the root."""


def unpack_boot_files(rootfs: Rootfs, directory: Path, names: Names) -> tuple[Path, ...]:
    """Write kernel and ramdisk under `unpacked/` in the directory; return their paths."""
    flavour = kernel_flavour(rootfs.kernel_version, names.architecture)
    wanted = {f"boot/vmlinuz-{rootfs.kernel_version}": names.kernel(flavour)}
    if rootfs.has_ramdisk:
        wanted[f"boot/initrd.img-{rootfs.kernel_version}"] = names.ramdisk(flavour)
    for member, name in wanted.items():
        path = directory / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(rootfs.read(member))
    return tuple(directory / name for name in sorted(wanted.values()))


def kernel_flavour(version: str, architecture: str) -> str:
    """Return the flavour in a kernel's version: `cloud` of `6.1.0-40-cloud-amd64`, `server` of `2.6.31-14-server`."""
    flavour = re.sub(r"^\d[^-]*(-\d[^-]*)?-?", "", version).removesuffix(architecture).strip("-")
    return flavour or "generic"
