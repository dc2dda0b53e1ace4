from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest

from builders.rootfs import inspect
from recipe_runner.errors import RecipeError


def archive(path: Path, *names: str, link: str | None = None) -> Path:
    with tarfile.open(path, "w") as tar:
        folder = tarfile.TarInfo("./boot")
        folder.type = tarfile.DIRTYPE
        tar.addfile(folder)
        for name in names:
            tar.addfile(tarfile.TarInfo(f"./{name}"), io.BytesIO(b""))
        if link:
            member = tarfile.TarInfo("./vmlinuz")
            member.type, member.linkname = tarfile.SYMTYPE, link
            tar.addfile(member)
    return path


def test_the_linked_kernel_counts(tmp_path: Path) -> None:
    """Of several kernels the one that the distribution links is the image's, with its own ramdisk or none."""
    names = ("boot/vmlinuz-6.1", "boot/vmlinuz-6.12", "boot/initrd.img-6.1")
    rootfs = inspect(archive(tmp_path / "a.tar", *names, link="boot/vmlinuz-6.12"))
    assert (rootfs.kernel_version, rootfs.has_ramdisk) == ("6.12", False)
    assert inspect(archive(tmp_path / "b.tar", *names, link="boot/vmlinuz-6.1")).has_ramdisk


@pytest.mark.parametrize("link", [None, "boot/vmlinuz-7", "/etc/passwd"])
def test_a_root_without_a_kernel_is_refused(tmp_path: Path, link: str | None) -> None:
    """A missing, dangling or strange link is a fault that says what to add."""
    with pytest.raises(RecipeError, match="no kernel at `/vmlinuz`"):
        inspect(archive(tmp_path / "a.tar", "boot/vmlinuz-6.1", link=link))


def test_a_missing_file_is_one_line(tmp_path: Path) -> None:
    """Reading what is not there is a fault with the file's name."""
    rootfs = inspect(archive(tmp_path / "a.tar", "boot/vmlinuz-6.1", link="boot/vmlinuz-6.1"))
    assert rootfs.read("boot/vmlinuz-6.1") == b""
    with pytest.raises(RecipeError, match="has no file `/etc/nothing`"):
        rootfs.read("etc/nothing")
