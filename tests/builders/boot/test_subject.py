from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from builders.boot.machine import Firmware, Form
from builders.boot.subject import image_format, make_overlay, read_subject, virtual_size
from recipe_runner.errors import RecipeError, UsageError

MIB = 1 << 20
IMAGE = "karmic-server-cloudimg-amd64.img"


def qemu_img(*arguments: str | Path) -> None:
    subprocess.run(["qemu-img", *arguments], check=True, capture_output=True)


def test_formats_are_told_by_content(tmp_path: Path) -> None:
    """The name of a file says nothing; its first bytes do."""
    qemu_img("create", "-f", "raw", tmp_path / "a.qcow2", "1M")
    qemu_img("create", "-f", "qcow2", tmp_path / "b.raw", "1M")
    assert image_format(tmp_path / "a.qcow2") == "raw"
    assert image_format(tmp_path / "b.raw") == "qcow2"
    assert virtual_size(tmp_path / "a.qcow2", "raw") == virtual_size(tmp_path / "b.raw", "qcow2") == MIB


@pytest.mark.parametrize(("suffix", "form"), [(".vmdk", "vmdk"), (".vhd", "vpc")])
def test_images_for_other_hypervisors_are_booted_too(everything: Path, suffix: str, form: Form) -> None:
    """They are known by content and have the size of the disk that they were made of."""
    image = (everything / IMAGE).with_suffix(suffix)
    assert image_format(image) == form
    assert virtual_size(image, form) == virtual_size(everything / IMAGE, "qcow2")


@pytest.mark.parametrize(
    ("suffix", "firmware", "message"),
    [
        (".ext4", "bios", "holds a file system, which no bios machine starts"),
        (".squashfs", "direct", "is a squashfs"),
        ("-root.tar.gz", "uefi", "which no uefi machine starts"),
        ("-root.tar.xz", "bios", "neither qcow2 nor a raw disk"),
    ],
)
def test_what_is_no_machine_is_not_started(
    everything: Path, tmp_path: Path, suffix: str, firmware: Firmware, message: str
) -> None:
    """Outputs for other uses are refused with the reason, before anything runs."""
    with pytest.raises(UsageError, match=message):
        read_subject(everything / IMAGE.replace(".img", suffix), firmware, tmp_path, "amd64")


@pytest.mark.parametrize("content", [b"", b"a text that is no disk"])
def test_other_files_are_refused(tmp_path: Path, content: bytes) -> None:
    """A file that can be no disk is refused before a machine is started."""
    (tmp_path / "x.img").write_bytes(content)
    with pytest.raises(UsageError, match="neither qcow2 nor a raw disk"):
        image_format(tmp_path / "x.img")
    with pytest.raises(UsageError, match="No such file"):
        image_format(tmp_path / "missing.img")


def test_an_image_may_not_reach_for_other_files(tmp_path: Path) -> None:
    """A qcow2 that would hand another file of this machine to the guest is refused, as backing or as data file."""
    secret = tmp_path / "secret"
    secret.write_bytes(b"s" * 512)
    qemu_img("create", "-f", "qcow2", "-b", secret, "-F", "raw", tmp_path / "backed.img", "1M")
    qemu_img("create", "-f", "qcow2", "-o", f"data_file={tmp_path}/data", tmp_path / "outside.img", "1M")
    qemu_img("create", "-f", "vmdk", tmp_path / "parent.vmdk", "1M")
    qemu_img("create", "-f", "vmdk", "-b", tmp_path / "parent.vmdk", "-F", "vmdk", tmp_path / "backed.vmdk")
    for name in ("backed.img", "outside.img", "backed.vmdk"):
        with pytest.raises(UsageError, match=r"refers to the (backing|data) file"):
            image_format(tmp_path / name)


def test_a_damaged_qcow2_is_one_line(tmp_path: Path) -> None:
    """What qemu-img cannot read is told in its words."""
    (tmp_path / "x.img").write_bytes(b"QFI\xfb" + bytes(508))
    with pytest.raises(RecipeError, match="`qemu-img info` failed: qemu-img: Could not open"):
        image_format(tmp_path / "x.img")


def test_the_build_says_what_to_wait_for(karmic: Path, tmp_path: Path) -> None:
    """The marker is the build's own; an image that stands alone shows a login prompt."""
    assert read_subject(karmic / IMAGE, "bios", tmp_path, "amd64").marker == "karmic is up"
    qemu_img("create", "-f", "raw", tmp_path / "x.img", "1M")
    assert read_subject(tmp_path / "x.img", "bios", tmp_path, "amd64").marker == "login:"


def test_the_overlay_is_larger_than_the_image(karmic: Path, tmp_path: Path) -> None:
    """What the machine writes goes into a file of its own, on a disk that has grown."""
    overlay, size = make_overlay(read_subject(karmic / IMAGE, "bios", tmp_path, "amd64"), tmp_path, MIB)
    assert size == virtual_size(overlay, "qcow2") == virtual_size(karmic / IMAGE, "qcow2") + MIB


def test_a_kernel_comes_from_beside_the_image(karmic: Path, tmp_path: Path) -> None:
    """A direct boot takes the build's own kernel and command line, and the root partition of its disk."""
    kernel = read_subject(karmic / IMAGE, "direct", tmp_path, "amd64").kernel
    assert kernel is not None
    assert kernel.image.parent == karmic / "unpacked"
    assert (
        kernel.command_line()
        == "root=/dev/nvme0n1p1 rootwait ro no_timer_check console=ttyS0,115200n8 no_timer_check panic=-1"
    )
    qemu_img("create", "-f", "raw", tmp_path / "x.img", "1M")
    with pytest.raises(UsageError, match="has 0 kernels"):
        read_subject(tmp_path / "x.img", "direct", tmp_path, "amd64")


def test_a_bundle_is_a_file_system_with_its_kernel(karmic: Path, tmp_path: Path) -> None:
    """The tarball of 2009 is unpacked: its file system is the whole disk, its kernel the one inside."""
    bundle = karmic / IMAGE.replace(".img", ".tar.gz")
    subject = read_subject(bundle, "direct", tmp_path, "amd64")
    assert subject.image.parent == tmp_path / "bundle"
    assert subject.kernel is not None
    assert subject.kernel.image.parent == tmp_path / "bundle"
    assert subject.kernel.command_line().startswith("root=/dev/nvme0n1 rootwait")
    with pytest.raises(UsageError, match="no bios machine starts"):
        read_subject(bundle, "bios", tmp_path, "amd64")


def test_no_machine_has_every_firmware(karmic: Path, tmp_path: Path) -> None:
    """A BIOS is asked of no arm64 machine."""
    with pytest.raises(UsageError, match="arm64 has no firmware `bios`"):
        read_subject(karmic / IMAGE, "bios", tmp_path, "arm64")


def test_a_build_of_several_disks_is_booted_whole(tmp_path: Path) -> None:
    """The disks that the definition names are found beside the one that boots; a missing one is a fault."""
    for name in ("x.img", "x-data.img"):
        qemu_img("create", "-f", "qcow2", tmp_path / name, "1M")
    (tmp_path / "definition.toml").write_text('[[disks]]\nname = "data"\n[[disks]]\nname = "../../etc/passwd"\n')
    assert read_subject(tmp_path / "x.img", "bios", tmp_path, "amd64").further == ((tmp_path / "x-data.img", "qcow2"),)
    (tmp_path / "x-data.img").unlink()
    with pytest.raises(UsageError, match="No such file"):
        read_subject(tmp_path / "x.img", "bios", tmp_path, "amd64")
