"""Raw disks, put together from files: no loop device, no mount, no partition node."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from builders.build.grub import BIOS, BOOT_CODE, UEFI, boot_code, core_path, find_modules, make_core, menu, placed_core
from builders.build.layout import SECTOR, Layout, Partition, data_partitions, sfdisk_script
from builders.images.disks import ExtraDisk
from builders.rootfs import Rootfs
from builders.sparse import copy_data
from builders.workshop.bench import Bench
from builders.workshop.command import Argv


def make_disk(bench: Bench, layout: Layout, rootfs: Rootfs, images: Mapping[int, Path], disk: Path) -> None:
    """Write the sparse disk `disk`: partition table, boot code, EFI system partition, the others' images by number."""
    _divide(bench, disk, layout.size, layout.sfdisk_script())
    copy_data(_make_esp(bench, layout, rootfs), disk, layout.esp.start)
    if layout.bios:
        sector = layout.bios.start // SECTOR
        core = make_core(bench, layout, BIOS).read_bytes()
        with disk.open("r+b") as target:
            target.write(boot_code(BOOT_CODE.read_bytes(), sector))
            target.seek(layout.bios.start)
            target.write(placed_core(core, sector, layout.bios.size))
    for part in (*layout.others, layout.root):
        copy_data(images[part.number], disk, part.start)


def make_data_disk(bench: Bench, extra: ExtraDisk, images: Mapping[int, Path], disk: Path) -> None:
    """Write a sparse disk that does not boot, its partitions' images by number."""
    partitions = data_partitions(extra, bench.identity)
    _divide(bench, disk, extra.size, sfdisk_script(bench.identity.uuid(f"disk {extra.name}"), partitions))
    for part in partitions:
        copy_data(images[part.number], disk, part.start)


def _divide(bench: Bench, disk: Path, size: int, script: str) -> None:
    disk.touch()
    os.truncate(disk, size)
    bench.commands.run(*table_command(disk), stdin=script.encode())


def _make_esp(bench: Bench, layout: Layout, rootfs: Rootfs) -> Path:
    esp, config = _esp(bench), _menu(bench)
    esp.touch()
    os.truncate(esp, layout.esp.size)
    definition = bench.definition
    config.write_text(menu(layout, rootfs, definition.disk, definition.boot.arguments))
    made = [config]
    if "uefi" in layout.modes:
        platform = UEFI[definition.architecture]
        find_modules(bench, platform)
        made.append(make_core(bench, layout, platform))
    for path in made:
        os.utime(path, (bench.serial.epoch, bench.serial.epoch))
    tools = bench.commands.extended(MTOOLS_SKIP_CHECK="1", MTOOLSRC="/dev/null")
    for command in esp_commands(bench, layout):
        tools.run(*command)
    return esp


def table_command(disk: Path) -> Argv:
    """Return the command that writes the partition table, which it reads from its standard input."""
    return ("sfdisk", "--quiet", disk)


def esp_commands(bench: Bench, layout: Layout) -> tuple[Argv, ...]:
    """Return the commands that make and fill the EFI system partition's image."""
    esp, platform = _esp(bench), UEFI[bench.definition.architecture]
    loader = ("mcopy", "-m", "-i", esp, core_path(bench, platform), f"::/EFI/BOOT/{platform.loader}")
    return (
        # --invariant after -i would discard the volume id that GRUB searches for
        ("mkfs.vfat", "-F", "32", "--invariant", "-n", "UEFI", "-i", f"{layout.volume_id:08x}", esp),
        ("mmd", "-i", esp, "::/EFI", "::/EFI/BOOT", "::/grub"),
        *((loader,) if "uefi" in layout.modes else ()),
        ("mcopy", "-m", "-i", esp, _menu(bench), "::/grub/grub.cfg"),
    )


def _esp(bench: Bench) -> Path:
    return bench.work / "esp.img"


def _menu(bench: Bench) -> Path:
    return bench.work / "grub.cfg"


def carve(disk: Path, part: Partition, image: Path) -> None:
    """Write what a partition holds into the new sparse file `image`."""
    with image.open("xb") as writer:
        writer.truncate(part.size)
    copy_data(disk, image, start=part.start, stop=part.start + part.size)
