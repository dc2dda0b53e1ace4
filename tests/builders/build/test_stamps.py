from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from builders.build.stamps import stamp_vhd, stamp_vmdk
from builders.images.serial import Identity, Serial
from recipe_runner.errors import RecipeError
from tests.support.disks import tiny_disk

IDENTITY = Identity("karmic", "amd64", Serial.parse("20091022"))
FORMS = [
    pytest.param("vmdk", "subformat=streamOptimized", stamp_vmdk, id="vmdk"),
    pytest.param("vpc", "subformat=fixed,force_size=on", stamp_vhd, id="vhd"),
]


@pytest.mark.parametrize(("form", "options", "stamp"), FORMS)
def test_nothing_of_clock_and_chance_stays(tmp_path: Path, form: str, options: str, stamp: object) -> None:
    """Two conversions differ until both are stamped; then they are equal, and still hold the disk."""
    assert callable(stamp)
    disk = tiny_disk(tmp_path / "disk.raw")
    images = []
    for number in range(2):
        folder = tmp_path / str(number)
        folder.mkdir()
        images.append(folder / "image")
        subprocess.run(["qemu-img", "convert", "-f", "raw", "-O", form, "-o", options, disk, images[-1]], check=True)
    assert images[0].read_bytes() != images[1].read_bytes()
    for image in images:
        stamp(image, IDENTITY)
    assert images[0].read_bytes() == images[1].read_bytes()
    subprocess.run(["qemu-img", "compare", "-q", "-f", form, "-F", "raw", images[0], disk], check=True)


@pytest.mark.parametrize("stamp", [stamp_vmdk, stamp_vhd])
def test_another_format_is_not_written_to(tmp_path: Path, stamp: object) -> None:
    """A file without the place that is to be stamped is refused, and left as it was."""
    assert callable(stamp)
    disk = tiny_disk(tmp_path / "disk.raw")
    before = disk.read_bytes()
    with pytest.raises(RecipeError):
        stamp(disk, IDENTITY)
    assert disk.read_bytes() == before
