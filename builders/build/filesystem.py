"""File systems as images, filled from tar archives without a mount; the same archive gives the same bytes."""

from __future__ import annotations

import os
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from builders.archive import unpack_plain
from builders.build.layout import BLOCK, volume_id
from builders.workshop.bench import Bench
from builders.workshop.command import Argv
from builders.workshop.e2fsprogs import Mke2fs
from recipe_runner.errors import RecipeError
from recipe_runner.sanitise import line

FEATURES = "^metadata_csum_seed,^orphan_file"
"""Switched off because GRUB 2.06 and kernels before 5.15 cannot read file systems that have them."""


@dataclass(frozen=True, slots=True)
class Volume:
    """What one partition holds: a file system of `size` bytes, or swap.

    `mount` is None where it is mounted nowhere; `seed` names its identifiers; `reserved` is root's share in percent.
    """

    filesystem: Literal["ext4", "vfat", "swap"]
    mount: str | None
    label: str
    size: int
    seed: str
    reserved: int = 1


def make_volume(bench: Bench, mke2fs: Mke2fs, volume: Volume, archive: Path | None) -> Path:
    """Return a sparse image that holds what is in the archive."""
    image = volume_path(bench, volume)
    image.touch()
    os.truncate(image, volume.size)
    tools = bench.commands.extended(MTOOLS_SKIP_CHECK="1", MTOOLSRC="/dev/null", **mke2fs.environ)
    tools.run(*volume_command(bench, mke2fs.path, volume, archive))
    if volume.filesystem == "vfat" and archive:
        for command in _fill(bench.work / f"volume-{volume.label}.files", image, archive):
            tools.run(*command)
    return image


def volume_path(bench: Bench, volume: Volume) -> Path:
    """Return where a volume's image is made."""
    return bench.work / ("root.ext4" if volume.mount == "/" else f"volume-{volume.label}.{volume.filesystem}")


def filesystem_path(bench: Bench) -> Path:
    """Return where the root's image is made."""
    return bench.work / "root.ext4"


def volume_command(bench: Bench, mke2fs: Path, volume: Volume, archive: Path | None) -> Argv:
    """Return the command that makes the image; an ext4 is filled by it too."""
    image, unique = volume_path(bench, volume), str(bench.identity.uuid(volume.seed))
    if volume.filesystem == "swap":
        return ("mkswap", "--pagesize", "4096", "--uuid", unique, "--label", volume.label, image)
    if volume.filesystem == "vfat":
        number = f"{volume_id(bench.identity, volume.seed):08x}"
        # --invariant after -i would discard the volume id
        return ("mkfs.vfat", "-F", "32", "--invariant", "-n", volume.label, "-i", number, image)
    hash_seed = bench.identity.uuid("hash" if volume.mount == "/" else f"{volume.seed} hash")
    options = (f"hash_seed={hash_seed}", "lazy_itable_init=0", "lazy_journal_init=0", "nodiscard", "root_owner=0:0")
    return (
        mke2fs,
        *("-q", "-F", "-t", "ext4", "-b", str(BLOCK), "-m", str(volume.reserved)),
        *("-O", FEATURES, "-L", volume.label, "-U", unique, "-E", ",".join(options)),
        *(("-d", archive) if archive else ()),
        image,
    )


def _fill(scratch: Path, image: Path, archive: Path) -> Iterator[Argv]:
    """Give the commands that copy an archive's files into a FAT image, folders in order of name.

    Raises RecipeError for what FAT cannot hold.
    """
    with tarfile.open(archive, "r:") as tar:
        members = sorted(tar, key=lambda member: member.name)
        for member in members:
            if not (member.isreg() or member.isdir()):
                raise RecipeError.because(
                    f"`{line(member.name)}` is no plain file, and a vfat file system holds nothing else",
                    hint="give that partition an ext4 file system",
                )
        unpack_plain(tar, scratch)
    yield from (
        ("mmd", "-i", image, f"::{member.name.removeprefix('.')}")
        for member in members
        if member.isdir() and member.name != "."
    )
    for member in members:
        if member.isreg():
            yield ("mcopy", "-m", "-i", image, scratch / member.name, f"::{member.name.removeprefix('.')}")
