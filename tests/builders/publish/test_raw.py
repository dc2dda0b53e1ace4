from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from builders.publish.datamap import read_map
from builders.publish.raw import raw_disk
from recipe_runner.errors import RecipeError
from tests.support.disks import tiny_disk


def qemu_img(*arguments: str | Path) -> None:
    subprocess.run(["qemu-img", *map(str, arguments)], check=True, capture_output=True)


def test_a_raw_image_is_used_as_it_is(tmp_path: Path) -> None:
    """No copy is made of a disk that is raw already."""
    disk = tiny_disk(tmp_path / "disk.raw")
    with raw_disk(disk) as raw:
        assert raw == disk


def test_a_qcow2_image_becomes_the_same_disk(tmp_path: Path) -> None:
    """The raw copy of a compressed qcow2 image has the content of the disk it was made from, and goes away."""
    disk = tiny_disk(tmp_path / "disk.raw")
    qemu_img("convert", "-c", "-f", "raw", "-O", "qcow2", disk, tmp_path / "disk.img")
    with raw_disk(tmp_path / "disk.img") as raw:
        assert read_map(raw).content == read_map(disk).content
    assert not raw.exists()


def test_an_image_that_refers_to_another_file_is_refused(tmp_path: Path) -> None:
    """A backing file would bring in bytes that nobody signed."""
    disk = tiny_disk(tmp_path / "disk.raw")
    qemu_img("create", "-f", "qcow2", "-F", "raw", "-b", disk, tmp_path / "overlay.img")
    with pytest.raises(RecipeError, match="refers to the backing file"), raw_disk(tmp_path / "overlay.img"):
        pass


def test_a_broken_image_is_one_line(tmp_path: Path) -> None:
    """What qemu-img says about a damaged image is passed on."""
    (tmp_path / "disk.img").write_bytes(b"QFI\xfb and nothing else")
    with pytest.raises(RecipeError, match="`qemu-img info` failed"), raw_disk(tmp_path / "disk.img"):
        pass


def test_a_missing_image_is_one_line(tmp_path: Path) -> None:
    """The path and the reason are in the message."""
    with pytest.raises(RecipeError, match="No such file"), raw_disk(tmp_path / "nothing"):
        pass
