from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from builders.build.image import make
from builders.build.plan import FLAVOUR, plan_image
from builders.images.disks import Disk, ExtraDisk, Partition
from builders.images.serial import Serial
from builders.images.size import MIB
from builders.publish.tree import SUMS, Names
from builders.workshop.bench import bench
from builders.workshop.margin import MEMORY
from tests.support.karmic import SERIAL, Notes, definition

NAMES = Names("karmic", "amd64")
DISK = Disk(
    size=240 * MIB,
    label="system",
    partitions=(
        Partition(mount="/sbin", size=8 * MIB, label="programs"),
        Partition(filesystem="swap", size=16 * MIB),
        Partition(mount="/etc", filesystem="vfat", size=33 * MIB),
    ),
)
DATA = ExtraDisk(name="data", size=64 * MIB, partitions=(Partition(mount="/srv", size=60 * MIB, label="root"),))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str], list[str]]:
    """Give the files of a tiny karmic with several partitions and disks, its planned commands and those that ran."""
    staged = tmp_path_factory.mktemp("staged")
    wanted = definition().model_copy(update={"disk": DISK, "disks": (DATA,), "outputs": ("raw", "qcow2", "vhd")})
    with bench(wanted, Serial.parse(SERIAL), MEMORY, Notes()) as work:
        plan = plan_image(work, staged)
        make(work, staged, NAMES)
        log = work.commands.log.read_text().splitlines()
    ran = [line[2:] for line in log if line.startswith("+ ") and not line.endswith(" -V")]
    return staged, [str(command).replace(FLAVOUR, "cloud") for p in plan.phases for command in p.commands], ran


def partitions(disk: Path) -> dict[str, dict[str, Any]]:
    table = json.loads(subprocess.check_output(["/sbin/sfdisk", "--json", disk]))["partitiontable"]["partitions"]
    return {part["name"]: part for part in table}


def listed(disk: Path, name: str, folder: str) -> set[str]:
    """Return the names in a folder of an ext4 partition."""
    offset = partitions(disk)[name]["start"] * 512
    said = subprocess.check_output(["/sbin/debugfs", "-R", f"ls -p {folder}", f"{disk}?offset={offset}"], text=True)
    return {line.split("/")[5] for line in said.splitlines() if line.startswith("/")} - {".", "..", "lost+found"}


def test_each_partition_holds_what_is_mounted_there(made: tuple[Path, list[str], list[str]]) -> None:
    """Content is split at mount points, whose directories stay empty in the root; labels are the definition's."""
    disk = made[0] / NAMES.raw
    assert {"sbin", "etc", "srv", "bin"} <= listed(disk, "root", "/")
    assert listed(disk, "root", "/sbin") == listed(disk, "root", "/etc") == set()
    assert listed(disk, "programs", "/") == {"init"}
    offset = partitions(disk)["etc"]["start"] * 512
    shown = subprocess.check_output(["mdir", "-b", "-i", f"{disk}@@{offset}", "::/cloud"], text=True)
    assert "build.info" in shown
    for name, kind, label in [("root", "ext4", "system"), ("swap", "swap", "swap"), ("etc", "vfat", "etc")]:
        part = partitions(disk)[name]
        said = subprocess.check_output(
            ["/sbin/blkid", "--probe", "--offset", str(part["start"] * 512), "--size", str(part["size"] * 512), disk],
            text=True,
        )
        assert f'TYPE="{kind}"' in said
        assert f'LABEL="{label}"' in said


def test_a_further_disk_has_its_own_files(made: tuple[Path, list[str], list[str]]) -> None:
    """Each disk comes in every form of disk that is asked for, and its partition is sound."""
    staged = made[0]
    data = staged / f"{NAMES.prefix}-data.raw"
    assert {path.name for path in staged.glob(f"{NAMES.prefix}-data.*")} == {
        f"{NAMES.prefix}-data.{end}" for end in ("raw", "img", "vhd")
    }
    assert listed(data, "root", "/") == set()
    for path in (data, staged / NAMES.raw):
        subprocess.run(["/sbin/sfdisk", "--verify", path], check=True, capture_output=True)
    assert f"{NAMES.prefix}-data.img" in (staged / SUMS).read_text()


def test_the_plan_knows_every_command(made: tuple[Path, list[str], list[str]]) -> None:
    """But for the copies into a vfat, which are known once the root is there."""
    _, planned, ran = made
    filled = [command for command in ran if command.startswith(("mmd ", "mcopy ")) and "volume-etc.vfat" in command]
    assert sorted(planned) == sorted(command for command in ran if command not in filled)
    assert filled
