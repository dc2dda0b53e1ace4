from __future__ import annotations

import json
import os
import subprocess
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders.build.layout import SECTOR, Layout
from builders.images.disks import SMALLEST_DISK, Partition
from builders.images.serial import Identity, Serial
from builders.images.size import MIB

IDENTITY = Identity("karmic", "amd64", Serial.parse("20091022"))


@given(st.integers(SMALLEST_DISK // MIB, 1 << 20))
def test_partitions_are_aligned_and_apart(size: int) -> None:
    """Whatever the disk's size, partitions begin at whole MiB, do not overlap and leave room for the second table."""
    layout = Layout(size * MIB, IDENTITY)
    parts = layout.partitions
    assert [part.number for part in parts] == [14, 15, 1]
    assert all(part.start % MIB == 0 and part.size > 0 for part in parts)
    assert all(one.start + one.size <= other.start for one, other in pairwise(parts))
    assert layout.root.start + layout.root.size + 33 * SECTOR < layout.size


@pytest.mark.parametrize("size", [SMALLEST_DISK, 1 << 30])
def test_sfdisk_makes_what_is_asked(tmp_path: Path, size: int) -> None:
    """The real sfdisk takes the script, and reads back the same places, names and identifiers."""
    layout = Layout(size, IDENTITY, (Partition(mount="/srv", size=MIB), Partition(filesystem="swap", size=2 * MIB)))
    disk = tmp_path / "disk"
    disk.touch()
    os.truncate(disk, size)
    subprocess.run(["/sbin/sfdisk", "--quiet", disk], input=layout.sfdisk_script().encode(), check=True)
    dumped = subprocess.run(["/sbin/sfdisk", "--json", disk], capture_output=True, check=True).stdout
    table = json.loads(dumped)["partitiontable"]
    assert table["id"].lower() == str(IDENTITY.uuid("disk"))
    found = {int(p["node"].removeprefix(str(disk))): p for p in table["partitions"]}
    assert sorted(found) == [1, 2, 3, 14, 15]
    for part in layout.partitions:
        there = found[part.number]
        assert (there["start"] * SECTOR, there["size"] * SECTOR) == (part.start, part.size)
        assert (there["type"], there["uuid"].lower(), there["name"]) == (part.type, str(part.id), part.name)


def test_a_machine_without_bios_has_no_place_for_its_loader() -> None:
    """Where only UEFI is asked for, and on arm64, partition 14 is not there; the others keep their places."""
    both = Layout(1 << 30, IDENTITY)
    alone = Layout(1 << 30, IDENTITY, modes=("uefi",))
    assert alone.bios is None
    assert alone.partitions == both.partitions[1:]
    arm = Layout(1 << 30, Identity("bookworm", "arm64", Serial.parse("20091022")), modes=("uefi",))
    assert arm.root.type != both.root.type
