from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from builders.boot.machine import Machine, image_format
from recipe_runner.errors import RecipeError, UsageError


def qemu_img(*arguments: str | Path) -> None:
    subprocess.run(["qemu-img", *arguments], check=True, capture_output=True)


def test_formats_are_told_by_content(tmp_path: Path) -> None:
    """The name of a file says nothing; its first bytes do."""
    qemu_img("create", "-f", "raw", tmp_path / "a.qcow2", "1M")
    qemu_img("create", "-f", "qcow2", tmp_path / "b.raw", "1M")
    assert image_format(tmp_path / "a.qcow2") == "raw"
    assert image_format(tmp_path / "b.raw") == "qcow2"


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
    for name in ("backed.img", "outside.img"):
        with pytest.raises(UsageError, match=r"refers to the (backing|data) file"):
            image_format(tmp_path / name)


def test_a_damaged_qcow2_is_one_line(tmp_path: Path) -> None:
    """What qemu-img cannot read is told in its words."""
    (tmp_path / "x.img").write_bytes(b"QFI\xfb" + bytes(508))
    with pytest.raises(RecipeError, match="`qemu-img info` failed: qemu-img: Could not open"):
        image_format(tmp_path / "x.img")


def test_the_image_is_only_read(tmp_path: Path) -> None:
    """The disk is a snapshot; a comma in a name starts no further option; a watched machine has no network."""
    image = tmp_path / "a,readonly=off.img"
    qemu_img("create", "-f", "raw", image, "1M")
    argv = Machine(image, "bios", "tcg").argv(tmp_path, interactive=False)
    (drive,) = [word for word in argv if "if=none" in word]
    assert drive == f"file={tmp_path}/a,,readonly=off.img,format=raw,if=none,id=disk,snapshot=on"
    assert "user,id=net,restrict=on" in argv


def test_uefi_gets_variables_of_its_own(tmp_path: Path) -> None:
    """The firmware's variables are a private copy, never the machine's own file."""
    image = tmp_path / "disk.img"
    qemu_img("create", "-f", "raw", image, "1M")
    argv = Machine(image, "uefi", "tcg").argv(tmp_path, interactive=False)
    assert (tmp_path / "variables.fd").stat().st_size > 0
    assert [word for word in argv if word.endswith(f"{tmp_path}/variables.fd")]
