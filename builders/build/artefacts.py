"""The files people take home, made from the finished root, file system and disk."""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from pathlib import Path

from builders.build.bench import Bench
from builders.build.command import Argv
from builders.build.rootfs import Rootfs
from builders.publish.tree import Names


def make_qcow2(bench: Bench, disk: Path, image: Path) -> None:
    """Write the disk as qcow2 with zlib clusters: the form every hypervisor and cloud reads."""
    bench.commands.run(*qcow2_command(disk, image))


def qcow2_command(disk: Path, image: Path) -> Argv:
    """Return the command that turns the raw disk into the qcow2."""
    return ("qemu-img", "convert", "-f", "raw", "-O", "qcow2", "-c", disk, image)


def unpack_boot_files(rootfs: Rootfs, directory: Path, names: Names) -> list[str]:
    """Write kernel and ramdisk under `unpacked/`; return their relative names."""
    flavour = kernel_flavour(rootfs.kernel_version, names.architecture)
    wanted = {f"boot/vmlinuz-{rootfs.kernel_version}": names.kernel(flavour)}
    if rootfs.has_ramdisk:
        wanted[f"boot/initrd.img-{rootfs.kernel_version}"] = names.ramdisk(flavour)
    for member, name in wanted.items():
        path = directory / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(rootfs.read(member))
    return list(wanted.values())


def make_tarball(bench: Bench, filesystem: Path, unpacked: list[Path], names: Names, tarball: Path) -> None:
    """Pack filesystem image, kernel and ramdisk, flat, as private clouds of 2009 take them.

    The filesystem image is a sparse member. gzip at its fastest: at its best it would take ten times as long
    for a tenth less.
    """
    content = _content(bench)
    content.mkdir()
    filesystem.rename(content / names.image)
    for path in unpacked:
        shutil.copyfile(path, content / path.name)
    members = sorted(path.name for path in content.iterdir())
    bench.commands.run(*tarball_command(bench, tarball, members))


def tarball_command(bench: Bench, tarball: Path, members: Sequence[str]) -> Argv:
    """Return the command that packs the members, which lie in one directory."""
    return (
        *("tar", "--create", "--file", tarball, "--use-compress-program=gzip -1 --no-name"),
        *("--format=gnu", "--sparse", "--hole-detection=raw", "--sort=name", "--mode=0644"),
        *("--owner=0", "--group=0", "--numeric-owner", f"--mtime=@{bench.serial.epoch}"),
        *("--directory", _content(bench)),
        *members,
    )


def _content(bench: Bench) -> Path:
    return bench.work / "tarball"


def kernel_flavour(version: str, architecture: str) -> str:
    """Return the flavour in a kernel's version: `cloud` of `6.1.0-40-cloud-amd64`, `server` of `2.6.31-14-server`."""
    flavour = re.sub(r"^\d[^-]*(-\d[^-]*)?-?", "", version).removesuffix(architecture).strip("-")
    return flavour or "generic"
