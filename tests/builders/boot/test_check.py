from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from builders.boot.check import Outcome, Terms, check_boot
from builders.boot.machine import Firmware
from builders.boot.subject import read_subject
from builders.build.layout import Layout
from builders.images.serial import Identity, Serial
from tests.support.karmic import SERIAL, Notes

IMAGE = "karmic-server-cloudimg-amd64.img"


def boot(image: Path, work: Path, *, firmware: Firmware = "bios", limit: float = 120) -> Outcome:
    subject = read_subject(image, firmware, work, "amd64")
    with (work / "log").open("wb") as log:
        return check_boot(subject, Terms(firmware, "tcg", "nocloud", limit), log, Notes())


def found(outcome: Outcome, name: str) -> str:
    (made,) = [made for made in outcome.assertions if made.name == name]
    return f"{made.state}: {made.said}"


@pytest.mark.slow
@pytest.mark.parametrize(("firmware", "suffix"), [("bios", ".img"), ("uefi", ".vhd"), ("direct", ".img")])
def test_the_image_comes_up(everything: Path, tmp_path: Path, firmware: Firmware, suffix: str) -> None:
    """The disk boots to its marker in each way, from what clouds take too, tells its serial, and is not written to."""
    image = (everything / IMAGE).with_suffix(suffix)
    before = image.read_bytes()
    outcome = boot(image, tmp_path, firmware=firmware)
    assert outcome.passed, outcome.assertions
    assert found(outcome, "login") == "held: "
    assert f"serial: {SERIAL}".encode() in (tmp_path / "log").read_bytes()
    assert image.read_bytes() == before


@pytest.mark.slow
def test_the_bundle_comes_up(karmic: Path, tmp_path: Path) -> None:
    """The tarball of 2009 boots: file system, kernel, no boot loader."""
    outcome = boot(karmic / IMAGE.replace(".img", ".tar.gz"), tmp_path, firmware="direct")
    assert outcome.passed, outcome.assertions


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
    outcome = boot(broken, tmp_path, limit=600)
    assert "GRUB stopped" in found(outcome, "boot")
    assert outcome.seconds < 300


@pytest.mark.slow
def test_an_early_end_is_a_failure(karmic: Path, tmp_path: Path) -> None:
    """A machine that switches itself off without what was waited for has failed, and so has one that says nothing."""
    shutil.copyfile(karmic / IMAGE, tmp_path / "alone.img")
    outcome = boot(tmp_path / "alone.img", tmp_path)
    assert found(outcome, "boot") == "failed: the machine ended before it showed `login:`"
    assert "karmic is up" in "\n".join(outcome.last_words)
    subprocess.run(["qemu-img", "create", "-q", "-f", "raw", tmp_path / "empty.raw", "1M"], check=True)
    outcome = boot(tmp_path / "empty.raw", tmp_path, limit=2)
    assert found(outcome, "boot") == "failed: `login:` did not come within 2 s"
