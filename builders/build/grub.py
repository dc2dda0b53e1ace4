"""GRUB without grub-install: menu, core images, and the two places where a core image must be told where it lies.

Byte offsets: GRUB's own `boot.h` (kernel sector at 0x5c, drive check at 0x66) and `diskboot.h` (block list in the last
twelve bytes of the core image's first sector).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path

from builders.build.layout import SECTOR, Layout
from builders.images.disks import Disk
from builders.rootfs import Rootfs
from builders.workshop.apt import unpack_privately
from builders.workshop.bench import Bench
from builders.workshop.command import Argv
from builders.workshop.machine import debian_sources, machine_codename, machine_sources
from recipe_runner.errors import RecipeError, UnmetError

BOOT_CODE = Path("/usr/lib/grub/i386-pc/boot.img")
BOOT_CODE_SIZE = 440

_KERNEL_SECTOR = 0x5C
_DRIVE_CHECK = 0x66
_NOPS = b"\x90\x90"
_BLOCK_LIST = SECTOR - 12
_CORE_SEGMENT = 0x820
_MODULES = (
    *("part_gpt", "part_msdos", "fat", "ext2", "normal", "configfile", "search", "search_label", "search_fs_uuid"),
    *("linux", "terminal", "echo", "test", "gzio", "boot", "halt", "reboot", "loadenv"),
)


@dataclass(frozen=True, slots=True)
class Platform:
    """A kind of machine as GRUB names it: what its core image has besides, and which package brings its modules.

    `package` is None where the modules are this machine's own; `loader` is the file that UEFI starts.
    """

    name: str
    modules: tuple[str, ...]
    loader: str = ""
    package: str | None = None

    def directory(self, bench: Bench) -> Path:
        """Return where the modules are, or would be."""
        root = Path("/") if self.package is None else _home(bench, self) / "root"
        return root / "usr/lib/grub" / self.name


BIOS = Platform("i386-pc", ("biosdisk", "serial"))
UEFI = {
    "amd64": Platform("x86_64-efi", ("all_video", "serial"), "BOOTX64.EFI"),
    "arm64": Platform("arm64-efi", ("all_video",), "BOOTAA64.EFI", "grub-efi-arm64-bin"),
}
"""By architecture."""


def menu(layout: Layout, rootfs: Rootfs, disk: Disk, arguments: str) -> str:
    """Return grub.cfg.

    A menu that the root keeps itself (`update-grub` of grub2-common) goes first, else `/vmlinuz` is booted, a link that
    the distribution moves: upgrades inside take effect. Where `/boot` is a file system of its own such a link cannot be
    read, and the kernel that was built in is named.
    """
    separate = next((part for part in disk.partitions if part.mount == "/boot"), None)
    kernel, ramdisk = "/vmlinuz", "/initrd.img"
    if separate:
        kernel, ramdisk = f"/vmlinuz-{rootfs.kernel_version}", f"/initrd.img-{rootfs.kernel_version}"
    folder = "" if separate else "/boot"
    return (
        "set timeout=0\n"
        f"search --no-floppy --set=root --label {separate.name if separate else disk.label}\n"
        f"if [ -s ($root){folder}/grub/grub.cfg ]; then\n"
        f"  set prefix=($root){folder}/grub\n"
        f"  configfile ($root){folder}/grub/grub.cfg\n"
        "fi\n"
        'menuentry "Linux" {\n'
        f"  linux {kernel} root=PARTUUID={layout.root.id} rootwait ro {arguments}\n"
        + (f"  initrd {ramdisk}\n" if rootfs.has_ramdisk else "")
        + "}\n"
    )


def finder(layout: Layout) -> str:
    """Return the configuration inside the core images: find the EFI system partition and go on with its menu.

    The serial console comes first, so that GRUB's complaints are seen where nobody has a screen; that of arm64 machines
    is the firmware's own.
    """
    volume = f"{layout.volume_id >> 16:04X}-{layout.volume_id & 0xFFFF:04X}"
    serial = (
        "serial --unit=0 --speed=115200",
        "terminal_input console serial",
        "terminal_output console serial",
    )
    lines = (
        *(serial if layout.identity.architecture == "amd64" else ()),
        f"search --no-floppy --set=esp --fs-uuid {volume}",
        "set prefix=($esp)/grub",
        "configfile ($esp)/grub/grub.cfg",
    )
    return "".join(f"{line}\n" for line in lines)


def make_core(bench: Bench, layout: Layout, platform: Platform) -> Path:
    """Return a core image for a platform, whose modules must be here (`find_modules`)."""
    _early(bench).write_text(finder(layout))
    bench.commands.run(*core_command(bench, platform))
    return core_path(bench, platform)


def find_modules(bench: Bench, platform: Platform) -> None:
    """Fetch a foreign architecture's GRUB modules once, for this program alone; raises UnmetError without them."""
    place = platform.directory(bench)
    if platform.package is None or place.is_dir():
        return
    home = _home(bench, platform)
    bench.progress.note(f"fetching {platform.package} into {home} for this program alone")
    codename = machine_codename() or ""
    try:
        unpack_privately(
            home,
            debian_sources(codename, ("main",), machine_sources()),
            (platform.package,),
            bench.commands,
            bench.definition.architecture,
        )
    except (RecipeError, OSError) as fault:
        raise UnmetError.because(
            f"`{platform.package}` cannot be had from `{codename}`", hint="mend the network and run this again"
        ) from fault


def core_path(bench: Bench, platform: Platform) -> Path:
    """Return where a platform's core image is made."""
    return bench.work / f"core-{platform.name}.img"


def core_command(bench: Bench, platform: Platform) -> Argv:
    """Return the command that makes a core image."""
    places = ("-d", platform.directory(bench), "-c", _early(bench), "-p", "/grub", "-o", core_path(bench, platform))
    return ("grub-mkimage", "-O", platform.name, *places, *platform.modules, *_MODULES)


def _home(bench: Bench, platform: Platform) -> Path:
    return bench.cache / "tools" / f"{platform.package}-{machine_codename()}"


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
