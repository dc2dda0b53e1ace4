"""All disks of a build: what each partition holds, and where the raw disks are made."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from builders.build.disk import carve, esp_commands, make_data_disk, make_disk, table_command
from builders.build.division import divide, part_paths
from builders.build.filesystem import Volume, filesystem_path, make_volume, volume_command
from builders.build.grub import BIOS, UEFI, core_command
from builders.build.layout import Layout, data_partitions
from builders.customise.customise import final_path
from builders.customise.late import Made, changes, late_commands, run_late_hooks
from builders.images.definition import Definition
from builders.images.disks import Partition
from builders.publish.tree import Names
from builders.rootfs import Rootfs
from builders.workshop.bench import Bench
from builders.workshop.command import Argv
from builders.workshop.e2fsprogs import Mke2fs

BOOTING = ""
"""The name of the disk that boots among the definition's others."""


def disk_paths(bench: Bench, staged: Path, names: Names) -> dict[str, Path]:
    """Return where each raw disk is made, by its name: in the build where it is an output, else on the bench."""
    wanted = "raw" in bench.definition.outputs
    return {
        name: staged / replace(names, disk=name).raw if wanted else bench.work / f"disk-{name}.raw"
        for name in disk_names(bench.definition)
    }


def disk_names(definition: Definition) -> tuple[str, ...]:
    """Return the names of all disks, that of the one that boots first."""
    return (BOOTING, *(extra.name for extra in definition.disks))


def make_disks(bench: Bench, mke2fs: Mke2fs, layout: Layout, rootfs: Rootfs, paths: Mapping[str, Path]) -> None:
    """Make the file systems from the root's archive, then the disks that hold them."""
    mounts = _mounts(bench)
    parts = divide(rootfs.archive, mounts, bench.work, bench.serial.epoch) if mounts else {"/": rootfs.archive}
    images: dict[str, dict[int, Path]] = {name: {} for name in paths}
    for name, number, volume in _volumes(bench, layout):
        archive = parts[volume.mount] if volume.mount else None
        images[name][number] = make_volume(bench, mke2fs, volume, archive)
    run_late_hooks(bench, Made("filesystem", filesystem_path(bench)))
    make_disk(bench, layout, rootfs, images[BOOTING], paths[BOOTING])
    for extra in bench.definition.disks:
        make_data_disk(bench, extra, images[extra.name], paths[extra.name])
    for name, path in paths.items():
        run_late_hooks(bench, Made("disk", path, name))
    if changes(bench, "disk"):
        filesystem_path(bench).unlink()
        carve(paths[BOOTING], layout.root, filesystem_path(bench))


def disk_commands(bench: Bench, mke2fs: Path, layout: Layout, paths: Mapping[str, Path]) -> tuple[Argv, ...]:
    """Return the commands of `make_disks` in their order, but for those that fill a vfat."""
    mounts = _mounts(bench)
    parts = part_paths(mounts, bench.work) if mounts else {"/": final_path(bench)}
    commands = [
        volume_command(bench, mke2fs, volume, parts[volume.mount] if volume.mount else None)
        for _, _, volume in _volumes(bench, layout)
    ]
    commands += late_commands(bench, Made("filesystem", filesystem_path(bench)))
    commands.append(table_command(paths[BOOTING]))
    if "uefi" in layout.modes:
        commands.append(core_command(bench, UEFI[layout.identity.architecture]))
    commands += esp_commands(bench, layout)
    if layout.bios:
        commands.append(core_command(bench, BIOS))
    commands += [table_command(paths[extra.name]) for extra in bench.definition.disks]
    for name, path in paths.items():
        commands += late_commands(bench, Made("disk", path, name))
    return tuple(commands)


def _volumes(bench: Bench, layout: Layout) -> Iterator[tuple[str, int, Volume]]:
    """Give disk, partition number and content of each partition but those of the boot loaders."""
    definition = bench.definition
    disk = definition.disk
    yield BOOTING, layout.root.number, Volume("ext4", "/", disk.label, layout.root.size, "filesystem", disk.reserved)
    for place, part in zip(layout.others, disk.partitions, strict=True):
        yield BOOTING, place.number, _volume(part, "partition")
    for extra in definition.disks:
        for place, part in zip(data_partitions(extra, bench.identity), extra.partitions, strict=True):
            yield extra.name, place.number, _volume(part, f"disk {extra.name}")


def _volume(part: Partition, kind: str) -> Volume:
    return Volume(part.filesystem, part.mount, part.name, part.size, f"{kind} {part.name} filesystem")


def _mounts(bench: Bench) -> list[str]:
    definition = bench.definition
    parts = [*definition.disk.partitions, *(part for extra in definition.disks for part in extra.partitions)]
    return [part.mount for part in parts if part.mount]
