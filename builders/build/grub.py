"""GRUB without grub-install: menu, core images, and the two places where a core image must be told where it lies.

Byte offsets: GRUB's own `boot.h` (kernel sector at 0x5c, drive check at 0x66) and `diskboot.h` (block list in the last
twelve bytes of the core image's first sector).
"""

from __future__ import annotations

import struct
from pathlib import Path

from builders.build.bench import Bench
from builders.build.command import Argv
from builders.build.layout import ROOT_LABEL, SECTOR, Layout
from builders.build.rootfs import Rootfs
from recipe_runner.errors import RecipeError

BOOT_CODE = Path("/usr/lib/grub/i386-pc/boot.img")
BOOT_CODE_SIZE = 440

_KERNEL_SECTOR = 0x5C
_DRIVE_CHECK = 0x66
_NOPS = b"\x90\x90"
_BLOCK_LIST = SECTOR - 12
_CORE_SEGMENT = 0x820
_MODULES = (
    *("part_gpt", "part_msdos", "fat", "ext2", "normal", "configfile", "search", "search_label", "search_fs_uuid"),
    *("linux", "serial", "terminal", "echo", "test", "gzio", "boot", "halt", "reboot"),
)


def menu(layout: Layout, rootfs: Rootfs, arguments: str) -> str:
    """Return grub.cfg. It names `/vmlinuz`, a link that the distribution moves, so that upgrades inside take effect."""
    ramdisk = "  initrd /initrd.img\n" if rootfs.has_ramdisk else ""
    return (
        "set timeout=0\n"
        'menuentry "Linux" {\n'
        f"  search --no-floppy --set=root --label {ROOT_LABEL}\n"
        f"  linux /vmlinuz root=PARTUUID={layout.root.id} rootwait ro {arguments}\n"
        f"{ramdisk}"
        "}\n"
    )


def finder(layout: Layout) -> str:
    """Return the configuration inside the core images: find the EFI system partition and go on with its menu.

    The serial console comes first, so that GRUB's complaints are seen where nobody has a screen.
    """
    volume = f"{layout.volume_id >> 16:04X}-{layout.volume_id & 0xFFFF:04X}"
    lines = (
        "serial --unit=0 --speed=115200",
        "terminal_input console serial",
        "terminal_output console serial",
        f"search --no-floppy --set=esp --fs-uuid {volume}",
        "set prefix=($esp)/grub",
        "configfile ($esp)/grub/grub.cfg",
    )
    return "".join(f"{line}\n" for line in lines)


def make_core(bench: Bench, layout: Layout, platform: str) -> Path:
    """Return a core image for `x86_64-efi` or `i386-pc`."""
    _early(bench).write_text(finder(layout))
    bench.commands.run(*core_command(bench, platform))
    return core_path(bench, platform)


def core_path(bench: Bench, platform: str) -> Path:
    """Return where a platform's core image is made."""
    return bench.work / f"core-{platform}.img"


def core_command(bench: Bench, platform: str) -> Argv:
    """Return the command that makes a core image."""
    own = ("all_video",) if platform == "x86_64-efi" else ("biosdisk",)
    places = ("-c", _early(bench), "-p", "/grub", "-o", core_path(bench, platform))
    return ("grub-mkimage", "-O", platform, *places, *own, *_MODULES)


def _early(bench: Bench) -> Path:
    return bench.work / "early.cfg"


def boot_code(image: bytes, core_sector: int) -> bytes:
    """Return the first 440 bytes of a BIOS disk: `boot.img` told where the core image begins."""
    code = bytearray(image[:BOOT_CODE_SIZE])
    struct.pack_into("<Q", code, _KERNEL_SECTOR, core_sector)
    code[_DRIVE_CHECK : _DRIVE_CHECK + len(_NOPS)] = _NOPS
    return bytes(code)


def placed_core(core: bytes, core_sector: int, room: int) -> bytes:
    """Return a BIOS core image told where its own rest lies; raises RecipeError when `room` bytes do not hold it."""
    if len(core) > room:
        raise RecipeError.because(f"GRUB's core image has {len(core)} bytes, its partition {room}")
    placed = bytearray(core)
    rest = -(-len(core) // SECTOR) - 1
    struct.pack_into("<QHH", placed, _BLOCK_LIST, core_sector + 1, rest, _CORE_SEGMENT)
    return bytes(placed)
