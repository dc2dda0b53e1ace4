"""The disk's partitions: numbers, places and identifiers; pure.

Numbering follows Ubuntu's cloud images: 1 is the root and comes last, so that it can grow; 14 holds GRUB's core for
BIOS machines, 15 is the EFI system partition. Type identifiers: UEFI and the Discoverable Partitions Specification.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from builders.images.serial import Identity
from builders.images.size import MIB

SECTOR = 512
BLOCK = 4096
ROOT_LABEL = "cloudimg-rootfs"

_BIOS_TYPE = "21686148-6449-6E6F-744E-656564454649"
_ESP_TYPE = "C12A7328-F81F-11D2-BA4B-00A0C93EC93B"
_ROOT_TYPE = "4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709"


@dataclass(frozen=True, slots=True)
class Partition:
    """One partition; `start` and `size` in bytes."""

    number: int
    name: str
    type: str
    start: int
    size: int
    id: uuid.UUID

    def __str__(self) -> str:
        return (
            f"{self.number}: start={self.start // SECTOR}, size={self.size // SECTOR}, "
            f'type={self.type}, uuid={self.id}, name="{self.name}"'
        )


@dataclass(frozen=True, slots=True)
class Layout:
    """A GPT disk of `size` bytes for BIOS and UEFI machines."""

    size: int
    identity: Identity

    @property
    def bios(self) -> Partition:
        """Where GRUB's core image lies."""
        return Partition(14, "bios", _BIOS_TYPE, MIB, MIB, self.identity.uuid("bios"))

    @property
    def esp(self) -> Partition:
        """The EFI system partition; FAT32 needs at least 33 MiB."""
        return Partition(15, "esp", _ESP_TYPE, 2 * MIB, 64 * MIB, self.identity.uuid("esp"))

    @property
    def root(self) -> Partition:
        """The root file system: all the rest but the last MiB, which holds the second partition table."""
        start = self.esp.start + self.esp.size
        return Partition(1, "root", _ROOT_TYPE, start, self.size - start - MIB, self.identity.uuid("root"))

    @property
    def volume_id(self) -> int:
        """The EFI system partition's 32-bit FAT serial number."""
        return self.identity.uuid("volume").int & 0xFFFFFFFF

    def sfdisk_script(self) -> str:
        """Return the table as sfdisk(8) reads it."""
        head = f"label: gpt\nlabel-id: {self.identity.uuid('disk')}\nunit: sectors\nfirst-lba: 34\n"
        return head + "".join(f"{part}\n" for part in (self.bios, self.esp, self.root))
