from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from builders.boot.contents import default_user, read_contents, root_offset

MIB = 1 << 20
CLOUD = "system_info:\n  default_user:\n    name: debian\n"


def make_root(tmp_path: Path, files: dict[str, str]) -> Path:
    """Make an ext4 image of these files and return it."""
    root, image = tmp_path / "root", tmp_path / "root.img"
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    subprocess.run(["mke2fs", "-q", "-t", "ext4", "-d", root, image, "8M"], check=True)
    return image


def make_disk(tmp_path: Path, root: Path) -> Path:
    """Put a root at 2 MiB of a disk with a GPT and return the disk."""
    disk = tmp_path / "disk.raw"
    with disk.open("wb") as stream:
        stream.truncate(16 * MIB)
    table = b"label: gpt\n14: start=2048, size=2048\n1: start=4096, size=16384\n"
    subprocess.run(["sfdisk", "--quiet", disk], input=table, check=True)
    with disk.open("r+b") as stream:
        stream.seek(2 * MIB)
        stream.write(root.read_bytes())
    return disk


SOUND = {
    "usr/bin/cloud-init": "",
    "usr/sbin/sshd": "",
    "etc/machine-id": "",
    "etc/ssh/sshd_config": "",
    "etc/cloud/cloud.cfg": CLOUD,
}


def test_the_root_of_a_disk_is_looked_into(tmp_path: Path) -> None:
    """Partition 1 is found by the table, wherever it lies; raw and qcow2 say the same."""
    disk = make_disk(tmp_path, make_root(tmp_path, SOUND))
    assert root_offset(disk) == 2 * MIB
    contents = read_contents(disk, "raw", tmp_path)
    assert (contents.cloud, contents.user, contents.machine_id, contents.host_keys) == (True, "debian", "", ())
    packed = tmp_path / "disk.qcow2"
    subprocess.run(["qemu-img", "convert", "-f", "raw", "-O", "qcow2", disk, packed], check=True)
    assert read_contents(packed, "qcow2", tmp_path) == contents


def test_leftovers_are_found(tmp_path: Path) -> None:
    """Host keys and a machine-id that an image must not have are seen; settings later by name go before."""
    more = {"etc/ssh/ssh_host_rsa_key": "x", "etc/ssh/ssh_host_rsa_key.pub": "x", "etc/machine-id": f"{'a' * 32}\n"}
    settings = {"etc/cloud/cloud.cfg.d/90_image.cfg": "system_info: {default_user: {name: edward}}\n"}
    contents = read_contents(make_root(tmp_path, {**SOUND, **more, **settings}), "raw", tmp_path)
    assert contents.host_keys == ("ssh_host_rsa_key", "ssh_host_rsa_key.pub")
    assert (contents.machine_id, contents.user, contents.offset) == ("a" * 32, "edward", 0)


def test_an_image_without_a_way_in_says_why(tmp_path: Path) -> None:
    """What is lacking is named; an image of another kind cannot be looked into."""
    contents = read_contents(make_root(tmp_path, {"usr/sbin/sshd": ""}), "raw", tmp_path)
    assert (contents.cloud, contents.why_not) == (False, "the image has no /usr/bin/cloud-init")
    (tmp_path / "zero.raw").write_bytes(bytes(MIB))
    assert "cannot be looked into" in read_contents(tmp_path / "zero.raw", "raw", tmp_path).why_not


def test_nothing_of_a_hostile_image_lands_here(tmp_path: Path) -> None:
    """A settings file that is a link to this machine's is not followed."""
    secret = tmp_path / "secret.cfg"
    secret.write_text("system_info: {default_user: {name: secret}}\n")
    (tmp_path / "root/etc/cloud/cloud.cfg.d").mkdir(parents=True)
    (tmp_path / "root/etc/cloud/cloud.cfg.d/99_x.cfg").symlink_to(secret)
    assert read_contents(make_root(tmp_path, SOUND), "raw", tmp_path).user == "debian"


def test_a_file_of_any_size_is_read_in_part(tmp_path: Path) -> None:
    """Settings that are mostly a hole, larger than the memory there is, are cut."""
    settings = tmp_path / "root/etc/cloud/cloud.cfg"
    settings.parent.mkdir(parents=True)
    settings.write_text(CLOUD)
    with settings.open("r+b") as stream:
        stream.truncate(1 << 40)
    assert read_contents(make_root(tmp_path, {"usr/bin/cloud-init": "", "usr/sbin/sshd": ""}), "raw", tmp_path).cloud


@pytest.mark.parametrize("place", [0, 2, 1 << 41, (1 << 64) - 1])
@pytest.mark.parametrize("first", [0, 1 << 41, (1 << 64) - 1])
@pytest.mark.parametrize("size", [600, 1024, 4096])
def test_a_crafted_table_leads_nowhere(tmp_path: Path, place: int, first: int, size: int) -> None:
    """Places beyond the image and all images, and tables that are cut off, are no root."""
    head = bytes(512) + b"EFI PART" + bytes(64) + place.to_bytes(8, "little") + bytes(432)
    table = bytes(32) + first.to_bytes(8, "little") + bytes(88)
    (tmp_path / "disk").write_bytes((head + table).ljust(4096, b"\0")[:size])
    assert root_offset(tmp_path / "disk") is None


@pytest.mark.parametrize(
    ("settings", "user"),
    [
        ([], "nobody"),
        ([CLOUD], "debian"),
        ([CLOUD, "system_info: [x"], "debian"),
        ([CLOUD, "users: []\n"], "debian"),
        (["system_info: {default_user: {name: '-oProxyCommand=x'}}"], "nobody"),
        ([CLOUD, "system_info: {default_user: {name: [x]}}"], "debian"),
    ],
)
def test_a_user_is_a_plain_name(settings: list[str], user: str) -> None:
    """Broken settings are passed over, and a name that ssh would take for an option is nobody's."""
    assert default_user(settings) == user
