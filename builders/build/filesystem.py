"""The root's ext4 image, filled from the tar archive without a mount."""

from __future__ import annotations

import os
from pathlib import Path

from builders.build.bench import Bench
from builders.build.command import Argv
from builders.build.e2fsprogs import Mke2fs
from builders.build.layout import BLOCK, ROOT_LABEL, Layout
from builders.build.rootfs import Rootfs

_FEATURES = "^metadata_csum_seed,^orphan_file"
"""Switched off because GRUB 2.06 and kernels before 5.15 cannot read file systems that have them."""


def make_filesystem(bench: Bench, mke2fs: Mke2fs, layout: Layout, rootfs: Rootfs) -> Path:
    """Return a sparse image of the root partition's size; the same root gives the same bytes."""
    image = filesystem_path(bench)
    image.touch()
    os.truncate(image, layout.root.size)
    bench.commands.extended(**mke2fs.environ).run(*filesystem_command(bench, mke2fs.path, rootfs.archive))
    return image


def filesystem_path(bench: Bench) -> Path:
    """Return where the image is made."""
    return bench.work / "root.ext4"


def filesystem_command(bench: Bench, mke2fs: Path, archive: Path) -> Argv:
    """Return the command that fills the image from the root's archive."""
    options = (
        f"hash_seed={bench.identity.uuid('hash')}",
        "lazy_itable_init=0",
        "lazy_journal_init=0",
        "nodiscard",
        "root_owner=0:0",
    )
    return (
        mke2fs,
        *("-q", "-F", "-t", "ext4", "-b", str(BLOCK), "-m", "1"),
        *("-O", _FEATURES, "-L", ROOT_LABEL, "-U", str(bench.identity.uuid("filesystem"))),
        *("-E", ",".join(options), "-d", archive),
        filesystem_path(bench),
    )
