"""The disks that are made and how they are divided; places and numbers are given to them by the builder."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import PurePosixPath
from typing import Literal

from pydantic import Field

from builders.images.model import Misfit, Model
from builders.images.size import MIB, format_size
from builders.images.words import Label, MountOptions, MountPoint, Size, Word

SMALLEST_DISK = 128 * MIB
SMALLEST_ROOT = 61 * MIB
OVERHEAD = 67 * MIB
"""What a disk that boots has besides its file systems: partition tables, GRUB's core and the EFI system partition."""
TABLES = 2 * MIB
SMALLEST_VFAT = 33 * MIB
VFAT_LABEL = 11

PARENTS = frozenset({"/", "/boot", "/home", "/media", "/mnt", "/opt", "/srv", "/usr", "/var", "/var/lib", "/var/log"})
"""Directories that every root has and things are mounted below."""


class Partition(Model):
    """One partition besides those of the root and of the boot loaders."""

    mount: MountPoint | None = Field(None, description="where it is mounted; swap and what is not mounted have none")
    filesystem: Literal["ext4", "vfat", "swap"] = Field("ext4", description="`ext4`, `vfat` or `swap`")
    size: Size = Field(ge=MIB, multiple_of=MIB, description="whole `MiB` or `GiB`")
    label: Label | None = Field(None, description="the file system's label; default: made of the mount point")
    options: MountOptions = Field("defaults", description="mount options in `/etc/fstab`")

    @property
    def name(self) -> str:
        """Its label, or the one that is derived from what it is for."""
        if self.label:
            return self.label
        return "swap" if self.filesystem == "swap" else (self.mount or "data").strip("/").replace("/", "-")

    def misfits(self) -> Iterable[Misfit]:
        """Refuse mounted swap, and what FAT cannot hold."""
        if self.filesystem == "swap" and self.mount:
            yield Misfit(("mount",), "swap is not mounted", "remove `mount`")
        if self.filesystem == "vfat" and self.size < SMALLEST_VFAT:
            yield Misfit(("size",), "FAT32 does not fit", f"give it {format_size(SMALLEST_VFAT)} at least")
        longest = VFAT_LABEL if self.filesystem == "vfat" else 16
        if len(self.name) > longest:
            key = "label" if self.label else "mount"
            yield Misfit((key,), f"label `{self.name}` is too long for it", f"add a `label` of {longest} letters")


class Disk(Model):
    """The disk that boots; its root takes what the other partitions leave."""

    size: Size = Field(
        ge=SMALLEST_DISK,
        multiple_of=MIB,
        description="`1 GiB`, `160 MiB`; whole MiB; 67 MiB of it are not the root",
    )
    label: Label = Field("cloudimg-rootfs", description="the root file system's label")
    options: MountOptions = Field("defaults,discard,errors=remount-ro", description="the root's mount options")
    reserved: int = Field(1, ge=0, le=50, description="percent of the root that only root can fill")
    partitions: tuple[Partition, ...] = Field((), strict=False, description="partitions besides the root")

    @property
    def root_size(self) -> int:
        """The bytes that are left for the root's partition."""
        return self.size - OVERHEAD - sum(part.size for part in self.partitions)

    def misfits(self) -> Iterable[Misfit]:
        """Refuse partitions that leave no room for a root."""
        swap = sum(part.size for part in self.partitions if part.filesystem == "swap")
        if swap > self.size // 2:
            number = next(n for n, part in enumerate(self.partitions) if part.filesystem == "swap")
            yield Misfit(
                ("partitions", number, "size"),
                f"swap of {format_size(swap)} is more than half of the disk",
                "make the disk larger or the swap smaller",
            )
        elif self.partitions and self.root_size < SMALLEST_ROOT:
            asked = sum(part.size for part in self.partitions)
            yield Misfit(
                ("size",),
                f"the partitions do not fit: they take {format_size(asked)} of {format_size(self.size)}, "
                f"{format_size(OVERHEAD)} are for booting, the root needs {format_size(SMALLEST_ROOT)} at least",
                f"give the disk {format_size(asked + OVERHEAD + SMALLEST_ROOT)} at least",
            )


class ExtraDisk(Model):
    """A further disk, which does not boot."""

    name: Word = Field(description="the end of its files' names")
    size: Size = Field(ge=4 * MIB, multiple_of=MIB, description="whole `MiB` or `GiB`; 2 MiB of it are the tables'")
    partitions: tuple[Partition, ...] = Field(min_length=1, strict=False, description="what it is divided into")

    def misfits(self) -> Iterable[Misfit]:
        """Refuse partitions that do not fit."""
        asked = sum(part.size for part in self.partitions) + TABLES
        if asked > self.size:
            yield Misfit(
                ("size",),
                f"the partitions do not fit: they take {format_size(asked)} with the tables, "
                f"the disk has {format_size(self.size)}",
                f"give the disk {format_size(asked)} at least",
            )


def clashes(disk: Disk, disks: Sequence[ExtraDisk]) -> Iterable[Misfit]:
    """Say what does not fit together over all disks: mount points, labels, names."""
    placed: list[tuple[tuple[str | int, ...], Partition]] = [
        (("disk", "partitions", number), part) for number, part in enumerate(disk.partitions)
    ]
    for place, extra in enumerate(disks):
        placed += ((("disks", place, "partitions", number), part) for number, part in enumerate(extra.partitions))
        if extra.name in {other.name for other in disks[:place]}:
            yield Misfit(("disks", place, "name"), f"disk `{extra.name}` is there twice", "choose another name")
    mounts = {part.mount for _, part in placed if part.mount}
    seen: set[str] = {disk.label}
    taken: set[str] = set()
    for path, part in placed:
        if part.name in seen:
            yield Misfit((*path, "label"), f"label `{part.name}` is there twice", "give it a `label` of its own")
        seen.add(part.name)
        if not part.mount:
            continue
        if part.mount in taken:
            yield Misfit((*path, "mount"), f"`{part.mount}` is mounted twice", "choose another mount point")
        taken.add(part.mount)
        parent = str(PurePosixPath(part.mount).parent)
        if parent not in PARENTS | mounts:
            yield Misfit(
                (*path, "mount"),
                f"mount point `{part.mount}` has no parent: nothing says what `{parent}` is",
                f"add a partition for `{parent}`, or mount it below one of {', '.join(sorted(PARENTS))}",
            )
