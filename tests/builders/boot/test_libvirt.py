from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from recipe_runner.errors import ExitCode
from tests.support.command import recipe

IMAGE = "karmic-server-cloudimg-amd64.img"
VALIDATOR = shutil.which("virt-xml-validate")


@pytest.mark.skipif(VALIDATOR is None, reason="needs virt-xml-validate of libvirt-clients")
@pytest.mark.parametrize(
    "options",
    [
        (),
        ("--firmware", "uefi", "--memory", "512", "--cpus", "1"),
        ("--firmware", "direct", "--bridge", "br0"),
        ("--network", "lab"),
    ],
)
def test_libvirt_accepts_the_domain(karmic: Path, tmp_path: Path, options: tuple[str, ...]) -> None:
    """Libvirt's own schema finds each kind of domain sound; its disk is an overlay of the image."""
    file = tmp_path / "karmic.xml"
    done = recipe("image", "boot", karmic / IMAGE, "--libvirt", file, *options)
    assert (done.returncode, done.stdout) == (ExitCode.DONE, f"{file}\n"), done.stderr
    checked = subprocess.run(["virt-xml-validate", file, "domain"], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    domain = ET.parse(file).getroot()  # noqa: S314 - our own
    source = domain.find("devices/disk/source")
    assert source is not None
    said = subprocess.run(["qemu-img", "info", source.get("file", "")], capture_output=True, text=True, check=True)
    assert f"backing file: {karmic / IMAGE}" in said.stdout


def test_the_domain_is_what_was_asked_for(karmic: Path, tmp_path: Path) -> None:
    """Memory, processors, network and kernel are those of the command; nothing that is there is replaced."""
    file = tmp_path / "karmic.xml"
    options = ("--firmware", "direct", "--memory", "512", "--cpus", "3", "--bridge", "br0")
    assert recipe("image", "boot", karmic / IMAGE, "--libvirt", file, *options).returncode == ExitCode.DONE
    domain = ET.parse(file).getroot()  # noqa: S314 - our own
    assert (domain.findtext("memory"), domain.findtext("vcpu")) == ("512", "3")
    assert domain.find("devices/interface/source[@bridge='br0']") is not None
    assert domain.findtext("os/kernel", "").startswith(f"{karmic}/unpacked/")
    assert domain.findtext("os/cmdline", "").startswith("root=/dev/vda1 ")
    again = recipe("image", "boot", karmic / IMAGE, "--libvirt", file)
    assert again.returncode == ExitCode.USAGE
    assert "is there already" in again.stderr


def test_a_key_needs_somebody_who_takes_it(karmic: Path, tmp_path: Path) -> None:
    """An image without cloud-init takes no key, and that is said before anything is written."""
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", tmp_path / "key"], check=True)
    file = tmp_path / "karmic.xml"
    done = recipe("image", "boot", karmic / IMAGE, "--libvirt", file, "--ssh-key", tmp_path / "key")
    assert done.returncode == ExitCode.USAGE
    assert "no key can be given: the image has no /usr/bin/cloud-init" in done.stderr
    assert not file.exists()
