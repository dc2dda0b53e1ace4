from __future__ import annotations

import re
import struct
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from builders.build.grub import BIOS, BOOT_CODE, UEFI, boot_code, core_command, core_path, finder, menu, placed_core
from builders.build.layout import Layout
from builders.images.disks import Disk, Partition
from builders.images.serial import Identity, Serial
from builders.images.size import MIB
from builders.rootfs import Rootfs
from builders.workshop.bench import drawn_bench
from recipe_runner.errors import RecipeError
from tests.support.karmic import Notes, definition

DISK = Disk(size=1 << 30)
LAYOUT = Layout(1 << 30, Identity("karmic", "amd64", Serial.parse("20091022")))


def test_the_menu_boots_what_the_distribution_links() -> None:
    """The menu names the links that move with upgrades, the root by its partition, and a ramdisk where there is one."""
    text = menu(LAYOUT, Rootfs(Path("x"), "6.1", has_ramdisk=True), DISK, "console=ttyS0")
    assert f"linux /vmlinuz root=PARTUUID={LAYOUT.root.id} rootwait ro console=ttyS0\n" in text
    assert "initrd /initrd.img\n" in text
    assert "initrd" not in menu(LAYOUT, Rootfs(Path("x"), "6.1", has_ramdisk=False), DISK, "")


def test_the_roots_own_menu_goes_first() -> None:
    """Where the root keeps a menu itself, that one is shown: a new kernel inside is what boots next."""
    lines = menu(LAYOUT, Rootfs(Path("x"), "6.1", has_ramdisk=True), DISK, "").splitlines()
    assert lines.index("  configfile ($root)/boot/grub/grub.cfg") < lines.index('menuentry "Linux" {')


def test_a_boot_file_system_of_its_own_is_searched() -> None:
    """Links from the root into another file system cannot be read: kernel and ramdisk are named where they are."""
    disk = Disk(size=1 << 30, partitions=(Partition(mount="/boot", size=100 * MIB),))
    text = menu(LAYOUT, Rootfs(Path("x"), "6.1", has_ramdisk=True), disk, "")
    assert "--set=root --label boot\n" in text
    assert "  linux /vmlinuz-6.1 " in text
    assert "  initrd /initrd.img-6.1\n" in text


def test_every_core_image_holds_what_its_menu_needs(tmp_path: Path) -> None:
    """grub-mkimage finds every module for the machine's own platforms."""
    (tmp_path / "early.cfg").write_text(finder(LAYOUT))
    for platform in (UEFI["amd64"], BIOS):
        drawn = drawn_bench(definition(), Serial.parse("20091022"), Notes())
        argv = core_command(replace(drawn, work=tmp_path), platform)
        subprocess.run(argv, check=True)
        assert core_path(replace(drawn, work=tmp_path), platform).stat().st_size > 1 << 14


def test_the_core_looks_for_our_own_boot_partition() -> None:
    """The core image finds its menu by the volume's number, written as GRUB prints it."""
    found = re.search(r"--fs-uuid ([0-9A-F]{4})-([0-9A-F]{4})\n", finder(LAYOUT))
    assert found is not None
    assert int(found[1] + found[2], 16) == LAYOUT.volume_id


def test_boot_code_is_told_where_the_core_is() -> None:
    """GRUB's own boot.img keeps its size and is given the core's sector, little-endian, at 0x5c."""
    code = boot_code(BOOT_CODE.read_bytes(), 2048)
    assert len(code) == 440
    assert struct.unpack_from("<Q", code, 0x5C) == (2048,)
    assert code[0x66:0x68] == b"\x90\x90"


def test_the_core_is_told_where_its_rest_is() -> None:
    """The block list counts the sectors after the first one, the last one rounded up."""
    placed = placed_core(bytes(512 * 3 + 1), 2048, 1 << 20)
    assert struct.unpack_from("<QHH", placed, 0x1F4) == (2049, 3, 0x820)


def test_a_core_that_does_not_fit_is_refused() -> None:
    """A core image larger than its partition is not written over the next one."""
    with pytest.raises(RecipeError, match="has 2000 bytes"):
        placed_core(bytes(2000), 2048, 1024)
