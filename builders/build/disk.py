"""The raw disk, put together from files: no loop device, no mount, no partition node."""

from __future__ import annotations

import os
from pathlib import Path

from builders.build.bench import Bench
from builders.build.command import Argv
from builders.build.grub import BOOT_CODE, boot_code, core_path, make_core, menu, placed_core
from builders.build.layout import SECTOR, Layout
from builders.build.rootfs import Rootfs
from builders.images.size import MIB


def make_disk(bench: Bench, layout: Layout, rootfs: Rootfs, filesystem: Path, disk: Path) -> None:
    """Write the sparse disk `disk`: partition table, boot code, EFI system partition and the root's image."""
    disk.touch()
    os.truncate(disk, layout.size)
    bench.commands.run(*table_command(disk), stdin=layout.sfdisk_script().encode())
    esp = _make_esp(bench, layout, rootfs)
    sector = layout.bios.start // SECTOR
    core = make_core(bench, layout, "i386-pc").read_bytes()
    with disk.open("r+b") as target:
        target.write(boot_code(BOOT_CODE.read_bytes(), sector))
        target.seek(layout.bios.start)
        target.write(placed_core(core, sector, layout.bios.size))
    copy_data(esp, disk, layout.esp.start)
    copy_data(filesystem, disk, layout.root.start)


def _make_esp(bench: Bench, layout: Layout, rootfs: Rootfs) -> Path:
    esp, config = _esp(bench), _menu(bench)
    esp.touch()
    os.truncate(esp, layout.esp.size)
    config.write_text(menu(layout, rootfs, bench.definition.boot.arguments))
    loader = make_core(bench, layout, "x86_64-efi")
    for path in (config, loader):
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
    esp = _esp(bench)
    return (
        # --invariant after -i would discard the volume id that GRUB searches for
        ("mkfs.vfat", "-F", "32", "--invariant", "-n", "UEFI", "-i", f"{layout.volume_id:08x}", esp),
        ("mmd", "-i", esp, "::/EFI", "::/EFI/BOOT", "::/grub"),
        ("mcopy", "-m", "-i", esp, core_path(bench, "x86_64-efi"), "::/EFI/BOOT/BOOTX64.EFI"),
        ("mcopy", "-m", "-i", esp, _menu(bench), "::/grub/grub.cfg"),
    )


def _esp(bench: Bench) -> Path:
    return bench.work / "esp.img"


def _menu(bench: Bench) -> Path:
    return bench.work / "grub.cfg"


def copy_data(source: Path, target: Path, offset: int) -> None:
    """Copy `source` into `target` at `offset`, its holes skipped; `target` must read as zeros there."""
    with source.open("rb") as reader, target.open("r+b") as writer:
        end = os.fstat(reader.fileno()).st_size
        position = 0
        while position < end:
            try:
                position = os.lseek(reader.fileno(), position, os.SEEK_DATA)
            except OSError:
                break  # ENXIO: a hole up to the end
            stop = os.lseek(reader.fileno(), position, os.SEEK_HOLE)
            reader.seek(position)
            while position < stop:
                data = reader.read(min(MIB, stop - position))
                if data.strip(b"\0"):
                    writer.seek(offset + position)
                    writer.write(data)
                position += len(data)
