"""A root file system as a tar archive, and what is read out of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from builders.archive import Member, read_members, resolve
from builders.images.size import format_size
from recipe_runner.errors import RecipeError

_LARGEST = 512 << 20
"""Bytes of a file that is read whole; no kernel, ramdisk or list of packages has as many."""


@dataclass(frozen=True, slots=True)
class Rootfs:
    """A finished root: its archive, its kernel's version, whether it has a ramdisk, and what it was made from.

    `sources` has the sha256 (hex) of each suite's signed index, `InRelease`, or `Release` where there is no other.
    """

    archive: Path
    kernel_version: str
    has_ramdisk: bool
    members: Mapping[str, Member] = field(default_factory=dict)
    sources: Mapping[str, str] = field(default_factory=dict)

    def read(self, path: str) -> bytes:
        """Return a file's bytes by its path in the image, links followed; raises RecipeError without it."""
        found = resolve(self.members, path)
        if found is None or found.kind != "file":
            raise RecipeError.because(f"the root file system has no file `/{path}`")
        if found.size > _LARGEST:
            raise RecipeError.because(
                f"`/{path}` in the root file system has {format_size(found.size)}: too much to read"
            )
        with self.archive.open("rb") as stream:
            stream.seek(found.offset)
            return stream.read(found.size)


def inspect(archive: Path) -> Rootfs:
    """Read an archive's members, and see `root_of`."""
    return root_of(archive, read_members(archive))


def root_of(archive: Path, members: Mapping[str, Member]) -> Rootfs:
    """Find the kernel that `/vmlinuz` names and look for its ramdisk; raises RecipeError without a kernel."""
    link = members.get("vmlinuz")
    found = re.fullmatch(r"boot/vmlinuz-(\S+)", link.target) if link and link.kind == "symlink" else None
    if not found or f"boot/vmlinuz-{found[1]}" not in members:
        raise RecipeError.because(
            "the root file system has no kernel at `/vmlinuz`", hint="add a kernel package to the definition"
        )
    return Rootfs(archive, found[1], f"boot/initrd.img-{found[1]}" in members, members)
