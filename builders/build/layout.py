"""The disks' partitions: numbers, places and identifiers; pure.

Numbering follows Ubuntu's cloud images: 1 is the root and comes last, so that it can grow; 14 holds GRUB's core for
BIOS machines, 15 is the EFI system partition. A definition's further partitions are 2, 3, … and lie before the root.
Type identifiers: UEFI and the Discoverable Partitions Specification.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass

from builders.images import disks
from builders.images.definition import BootMode, Definition
from builders.images.serial import Identity
from builders.images.size import MIB

SECTOR = 512
BLOCK = 4096

_BIOS_TYPE = "21686148-6449-6E6F-744E-656564454649"
_ESP_TYPE = "C12A7328-F81F-11D2-BA4B-00A0C93EC93B"
_ROOT_TYPES = {"amd64": "4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709", "arm64": "B921B045-1DF0-41C3-AF44-4C6F280D3FAE"}
_TYPES = {
    "ext4": "0FC63DAF-8483-4772-8E79-3D69D8477DE4",
    "swap": "0657FD6D-A4AB-43C4-84E5-0933C84B4F4F",
    "vfat": "EBD0A0A2-B9E5-4433-87C0-68B6B72699C7",
}


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
    """A GPT disk of `size` bytes that boots in these modes, with `further` partitions beside the root."""

    size: int
    identity: Identity
    further: tuple[disks.Partition, ...] = ()
    modes: tuple[BootMode, ...] = ("bios", "uefi")

    @classmethod
    def of(cls, definition: Definition, identity: Identity) -> Layout:
        """Return the layout of a definition's first disk; arm64 machines have no BIOS."""
        modes = ("uefi",) if definition.architecture == "arm64" else definition.boot.modes
        return cls(definition.disk.size, identity, definition.disk.partitions, modes)

    @property
    def bios(self) -> Partition | None:
        """Where GRUB's core image for BIOS machines lies."""
        if "bios" not in self.modes:
            return None
        return Partition(14, "bios", _BIOS_TYPE, MIB, MIB, self.identity.uuid("bios"))

    @property
    def esp(self) -> Partition:
        """The EFI system partition, which holds GRUB's menu in every mode; FAT32 needs at least 33 MiB."""
        return Partition(15, "esp", _ESP_TYPE, 2 * MIB, 64 * MIB, self.identity.uuid("esp"))

    @property
    def others(self) -> tuple[Partition, ...]:
        """The further partitions, in the definition's order."""
        return _placed(self.further, 2, self.esp.start + self.esp.size, "partition", self.identity)

    @property
    def root(self) -> Partition:
        """The root file system: all the rest but the last MiB, which holds the second partition table."""
        start = self.esp.start + self.esp.size + sum(part.size for part in self.further)
        size = self.size - start - MIB
        return Partition(1, "root", _ROOT_TYPES[self.identity.architecture], start, size, self.identity.uuid("root"))

    @property
    def partitions(self) -> tuple[Partition, ...]:
        """All partitions in the order of their places."""
        return (*((self.bios,) if self.bios else ()), self.esp, *self.others, self.root)

    @property
    def volume_id(self) -> int:
        """The EFI system partition's 32-bit FAT serial number."""
        return volume_id(self.identity, "volume")

    def sfdisk_script(self) -> str:
        """Return the table as sfdisk(8) reads it."""
        return sfdisk_script(self.identity.uuid("disk"), self.partitions)


def data_partitions(disk: disks.ExtraDisk, identity: Identity) -> tuple[Partition, ...]:
    """Return the partitions of a disk that does not boot."""
    return _placed(disk.partitions, 1, MIB, f"disk {disk.name}", identity)


def sfdisk_script(table_id: uuid.UUID, partitions: Iterable[Partition]) -> str:
    """Return a table as sfdisk(8) reads it."""
    head = f"label: gpt\nlabel-id: {table_id}\nunit: sectors\nfirst-lba: 34\n"
    return head + "".join(f"{part}\n" for part in partitions)


def volume_id(identity: Identity, name: str) -> int:
    """Return the 32-bit serial number of the FAT volume called `name`."""
    return identity.uuid(name).int & 0xFFFFFFFF


def _placed(
    parts: Iterable[disks.Partition], number: int, start: int, kind: str, identity: Identity
) -> tuple[Partition, ...]:
    placed = []
    for count, part in enumerate(parts, number):
        unique = identity.uuid(f"{kind} {part.name}")
        placed.append(Partition(count, part.name, _TYPES[part.filesystem], start, part.size, unique))
        start += part.size
    return tuple(placed)
