from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from builders.boot.boot import Outcome, check_boot, marker_of
from builders.boot.machine import Firmware, Machine
from builders.build.layout import Layout
from builders.images.serial import Identity, Serial
from tests.support.karmic import SERIAL

IMAGE = "karmic-server-cloudimg-amd64.img"
MARKER = "karmic is up"


def boot(image: Path, log: Path, *, firmware: Firmware = "bios", marker: str = MARKER, limit: float = 120) -> Outcome:
    ticks: list[float] = []
    with log.open("wb") as stream:
        outcome = check_boot(Machine(image, firmware, "tcg"), marker, limit, stream, ticks.append)
    assert sum(ticks) == pytest.approx(outcome.seconds, abs=20)
    return outcome


def test_the_build_says_what_to_wait_for(karmic: Path, tmp_path: Path) -> None:
    """The marker is the build's own; an image that stands alone shows a login prompt."""
    assert marker_of(karmic / IMAGE) == MARKER
    assert marker_of(tmp_path / IMAGE) == "login:"


@pytest.mark.slow
@pytest.mark.parametrize("firmware", ["bios", "uefi"])
def test_the_image_comes_up(karmic: Path, tmp_path: Path, firmware: Firmware) -> None:
    """The qcow2 boots to its marker under both firmwares, tells its serial, and is not written to."""
    before = (karmic / IMAGE).read_bytes()
    outcome = boot(karmic / IMAGE, tmp_path / "log", firmware=firmware)
    assert outcome.passed, outcome.fault
    assert f"serial: {SERIAL}".encode() in (tmp_path / "log").read_bytes()
    assert (karmic / IMAGE).read_bytes() == before


@pytest.mark.slow
def test_a_stop_at_the_boot_loader_fails_at_once(karmic: Path, tmp_path: Path) -> None:
    """An image whose boot partition is empty ends at GRUB's prompt; nobody waits for the time limit."""
    raw = karmic / IMAGE.replace(".img", ".raw")
    broken = tmp_path / "broken.raw"
    shutil.copyfile(raw, broken)
    esp = Layout(raw.stat().st_size, Identity("karmic", "amd64", Serial.parse(SERIAL))).esp
    with broken.open("r+b") as disk:
        disk.seek(esp.start)
        disk.write(bytes(esp.size))
    outcome = boot(broken, tmp_path / "log")
    assert "GRUB stopped" in outcome.fault
    assert outcome.seconds < 60


@pytest.mark.slow
def test_an_early_end_is_a_failure(karmic: Path, tmp_path: Path) -> None:
    """A machine that switches itself off without the marker has failed, and so has one that says nothing in time."""
    outcome = boot(karmic / IMAGE, tmp_path / "log", marker="something else")
    assert outcome.fault == "the machine ended before it showed `something else`"
    empty = tmp_path / "empty.raw"
    subprocess.run(["qemu-img", "create", "-f", "raw", empty, "1M"], check=True, capture_output=True)
    outcome = boot(empty, tmp_path / "log", limit=2)
    assert outcome.fault == "`karmic is up` did not come within 2 s"
