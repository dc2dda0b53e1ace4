"""The system tools a build needs, probed before anything starts: all that is missing is told at once."""

from __future__ import annotations

import ctypes
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from builders.images.definition import Definition
from builders.images.size import format_size
from builders.workshop.command import PATH
from recipe_runner.errors import Diagnostic, UnmetError


@dataclass(frozen=True, slots=True)
class Tool:
    """A command, file or shared library, and the Debian package that has it."""

    name: str
    package: str
    kind: Literal["command", "file", "library"] = "command"

    def present(self) -> bool:
        """Look for it on this machine."""
        match self.kind:
            case "command":
                return shutil.which(self.name, path=PATH) is not None
            case "file":
                return Path(self.name).is_file()
            case "library":
                try:
                    ctypes.CDLL(self.name)
                except OSError:
                    return False
                return True


DISK_TOOLS = (
    Tool("mmdebstrap", "mmdebstrap"),
    Tool("apt-get", "apt"),
    Tool("dpkg-deb", "dpkg"),
    Tool("mke2fs", "e2fsprogs"),
    Tool("libarchive.so.13", "libarchive13", "library"),
    Tool("sfdisk", "fdisk"),
    Tool("mkswap", "util-linux"),
    Tool("mkfs.vfat", "dosfstools"),
    Tool("mcopy", "mtools"),
    Tool("grub-mkimage", "grub-common"),
    Tool("/usr/lib/grub/i386-pc/boot.img", "grub-pc-bin", "file"),
    Tool("/usr/lib/grub/x86_64-efi/moddep.lst", "grub-efi-amd64-bin", "file"),
    Tool("qemu-img", "qemu-utils"),
    Tool("tar", "tar"),
    Tool("gzip", "gzip"),
    Tool("bwrap", "bubblewrap"),
)
SIGNING_TOOLS = (Tool("gpg", "gnupg"),)


@dataclass(frozen=True, slots=True)
class Room:
    """Free space that must be there before the work starts."""

    directory: Path
    size: int

    def fault(self) -> Diagnostic | None:
        """Say what is short; raises OSError when the directory cannot be looked at."""
        free = shutil.disk_usage(self.directory).free
        if free >= self.size:
            return None
        return Diagnostic(
            f"`{self.directory}` has {format_size(free)} free, {format_size(self.size)} are needed",
            hint="make room or choose another place",
        )


def room_needed(definition: Definition) -> int:
    """Return the bytes that must be free where the work is done, and again in the tree."""
    return 2 * (definition.disk.size + sum(extra.size for extra in definition.disks))


def missing(tools: Iterable[Tool]) -> list[Diagnostic]:
    """Return one fault for each tool that is not here, naming the package to install."""
    return [
        Diagnostic(f"`{tool.name}` is not installed", hint=f"apt install {tool.package}", code="T001")
        for tool in tools
        if not tool.present()
    ]


def require(tools: Iterable[Tool], rooms: Iterable[Room] = ()) -> None:
    """Raise UnmetError with everything that is missing or short; return when the work can start."""
    faults = [*missing(tools), *(fault for room in rooms if (fault := room.fault()))]
    if faults:
        raise UnmetError(*faults)
