from __future__ import annotations

import hashlib
import json
import subprocess
import tarfile
from pathlib import Path

import pytest

from builders.build.artefacts import kernel_flavour
from builders.publish.sums import digest
from builders.publish.tree import Names
from tests.support.karmic import build_karmic

NAMES = Names("karmic", "amd64")


@pytest.mark.parametrize(
    ("version", "flavour"),
    [
        ("6.1.0-40-cloud-amd64", "cloud"),
        ("6.1.0-40-amd64", "generic"),
        ("2.6.31-14-server", "server"),
        ("6.12.48+deb13-cloud-amd64", "cloud"),
        ("6.8.0-1030-aws", "aws"),
        ("6.1.0", "generic"),
    ],
)
def test_the_flavour_is_what_a_version_leaves(version: str, flavour: str) -> None:
    """File names carry the kernel's flavour, which stays the same from day to day."""
    assert kernel_flavour(version, "amd64") == flavour


@pytest.mark.parametrize(
    ("name", "form"), [(NAMES.image, "qcow2"), (NAMES.vmdk, "vmdk"), (NAMES.vhd, "vpc")], ids=["qcow2", "vmdk", "vhd"]
)
def test_every_disk_form_holds_the_raw_disk(everything: Path, name: str, form: str) -> None:
    """What a hypervisor reads of each form is the raw disk, byte for byte."""
    subprocess.run(
        ["qemu-img", "compare", "-q", "-f", form, "-F", "raw", everything / name, everything / NAMES.raw], check=True
    )


def test_the_vhd_is_what_azure_takes(everything: Path) -> None:
    """It is of fixed size, and the disk in it of whole MiB."""
    facts = json.loads(
        subprocess.check_output(["qemu-img", "info", "--output=json", "-f", "vpc", everything / NAMES.vhd])
    )
    assert facts["virtual-size"] == (everything / NAMES.raw).stat().st_size
    assert facts["virtual-size"] % (1 << 20) == 0
    assert (everything / NAMES.vhd).stat().st_size == facts["virtual-size"] + 512


def test_root_tarballs_and_squashfs_hold_the_root(everything: Path) -> None:
    """Both tarballs are the same archive, and the squashfs unpacks to the same files."""
    plain = []
    for form in ("gz", "xz"):
        with tarfile.open(everything / NAMES.root(form)) as tar:
            plain.append([(member.name, member.mode, member.size, member.mtime) for member in tar])
    assert plain[0] == plain[1]
    listing = subprocess.check_output(["unsquashfs", "-no-progress", "-l", everything / NAMES.squashfs], text=True)
    squashed = {
        line.removeprefix("squashfs-root") for line in listing.splitlines() if line.startswith("squashfs-root/")
    }
    assert squashed == {f"/{name.removeprefix('./')}" for name, *_ in plain[0] if name != "."}


def test_the_bundle_and_the_file_system_image_agree(everything: Path) -> None:
    """The file system image alone is the one in the bundle, and as sparse as it was."""
    with tarfile.open(everything / NAMES.tarball) as tar:
        bundled = tar.extractfile(NAMES.image)
        assert bundled
        sum_of_bundled = hashlib.file_digest(bundled, "sha256").hexdigest()  # type: ignore[arg-type]  # reads like a file
    image = everything / NAMES.filesystem
    assert sum_of_bundled == digest(image)
    assert image.stat().st_blocks * 512 < image.stat().st_size // 2


def test_only_what_was_asked_for_is_made(tmp_path: Path) -> None:
    """A definition that wants a squashfs gets no disk beside it."""
    built = build_karmic(tmp_path, outputs=("squashfs",))
    names = {path.name for path in built.iterdir()}
    assert NAMES.squashfs in names
    assert not names & {NAMES.raw, NAMES.image, NAMES.tarball, "unpacked"}
