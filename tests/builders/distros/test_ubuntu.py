"""Historical Ubuntu from an archive of our own: Debian's packages under karmic's name, in Ubuntu's pockets."""

from __future__ import annotations

import gzip
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from builders.build.image import build_image
from builders.distros.check import load_definition
from builders.distros.tiny import donor
from builders.images.serial import Serial
from builders.publish.tree import Tree
from builders.workshop.apt import PrivateApt
from builders.workshop.bench import bench
from builders.workshop.command import ToolError
from builders.workshop.machine import debian_sources, machine_sources
from builders.workshop.margin import MEMORY
from tests.support.archives import export_key, make_package, make_suite
from tests.support.karmic import SERIAL, Notes, definition
from tests.support.keyring import keyring, make_key
from tests.support.proxy import HOST, proxy
from tests.support.strangers import as_nobody

TEXT = """\
distribution = "ubuntu"
codename = "karmic"
title = "Ubuntu 9.10 (of Debian's packages)"
packages = ["greeting", "sudo"]
remove = ["unwanted"]
timezone = "Europe/London"
documentation = false
outputs = ["root-tar.gz", "unpacked"]
[archive]
components = ["main", "universe"]
pockets = ["security", "updates"]
snapshot = "20091029T120000Z"
snapshot-url = "http://archive.example.invalid/{{archive}}/{{snapshot}}"
proxy = "{proxy}"
keyring = "archive.asc"
fingerprints = ["{key}"]
[[archive.repositories]]
name = "tools"
uri = "file://{archive}"
suite = "tools"
components = ["main"]
key = "archive.asc"
fingerprint = "{key}"
[[users]]
name = "ubuntu"
groups = ["adm"]
sudo = true
[[files]]
source = "archive.asc"
target = "/lib/key"
[[hooks]]
script = "hook"
phase = "packages"
[[hooks]]
script = "hook"
[disk]
size = "700 MiB"
[boot]
marker = "login:"
"""
ARCHIVE = "ubuntu/20091029T120000Z"
SUITES = ("karmic", "karmic-updates", "karmic-security")


@pytest.fixture
def place() -> Iterator[Path]:
    """Give a folder that everybody may enter, with a definition and the dated archive that it names."""
    with (
        tempfile.TemporaryDirectory(prefix="ubuntu-", dir="/var/tmp") as name,
        keyring() as home,
        proxy(Path(name)) as asked,
    ):
        folder = Path(name)
        folder.chmod(0o755)
        key = make_key(home, "ubuntu")
        export_key(key, folder / "archive.asc")
        with bench(definition(), Serial.parse(SERIAL), MEMORY, Notes()) as work:
            kernel = donor(work)
            scratch = work.work / "apt"
            scratch.mkdir()
            apt = PrivateApt(scratch, debian_sources("bookworm", ("main",), machine_sources()), work.commands)
            apt.update()
            apt._apt.run("apt-get", "install", "--yes", "--download-only", "?essential", "apt", "sudo", "tzdata")
            debs = sorted((scratch / "cache/archives").glob("*.deb"))
            _archive(folder, key, debs, kernel)
        hook = folder / "hook"
        hook.write_text("#!/bin/sh\nset -e\ndpkg --list greeting unwanted | tail -n 2\nid -u\n")
        hook.chmod(0o755)
        (folder / "x.toml").write_text(TEXT.format(archive=folder / ARCHIVE, key=key, proxy=asked.address))
        yield folder
        assert {suite for path in asked.paths for suite in SUITES if f"/dists/{suite}/InRelease" in path} == set(SUITES)


def _archive(folder: Path, key: str, debs: list[Path], kernel: Path) -> None:
    archive = folder / ARCHIVE
    (image,) = kernel.glob("vmlinuz-*")
    old = make_package(folder, "greeting", "1", {"etc/greeting": "old"})
    new = make_package(folder, "greeting", "2", {"etc/greeting": "new"}, more="Depends: unwanted | base-files\n")
    tool = make_package(folder, "unwanted", "1", {"etc/unwanted": ""})
    linux = make_package(folder, "linux-server", "1", {f"boot/{image.name}": image, "vmlinuz": f"->boot/{image.name}"})
    for suite, main, universe in zip(SUITES, ([*debs, old], [], [linux]), ([], [new], []), strict=True):
        make_suite(archive, suite, {"main": main, "universe": universe}, key, "Thu, 05 Nov 2009 12:00:00 UTC")
    make_suite(archive, "tools", {"main": [tool]}, key)


@pytest.mark.slow
def test_karmic_is_built_by_root_and_by_anybody_alike(place: Path) -> None:
    """All pockets, components and repositories count, and a user namespace makes the very bytes that root does.

    The archive is one of a day long gone and can only be had by a proxy, of which the image knows nothing.
    """
    wanted = load_definition(place / "x.toml")
    built = build_image(wanted, Serial.parse(SERIAL), Tree(place / "tree"), progress=Notes())
    prefix = "karmic-server-cloudimg-amd64"
    packages = dict(line.split("\t") for line in (built / f"{prefix}.manifest").read_text().splitlines())
    assert packages["greeting"] == "2"
    assert "unwanted" not in packages
    assert "linux-server" in packages
    with tarfile.open(built / f"{prefix}-root.tar.gz") as tar:
        members = {info.name: info for info in tar}

        def read(name: str) -> str:
            stream = tar.extractfile(members[name])
            assert stream is not None
            return stream.read().decode()

        assert read("./etc/apt/sources.list").splitlines() == [
            f"deb http://old-releases.ubuntu.com/ubuntu karmic{pocket} main universe"
            for pocket in ("", "-updates", "-security")
        ]
        assert "signed-by=/etc/apt/keyrings/tools.asc" in read("./etc/apt/sources.list.d/tools.list")
        assert read("./etc/hostname") == "karmic\n"
        assert read("./etc/sudoers.d/90-ubuntu").startswith("ubuntu ALL=")
        assert "ubuntu:!:" in read("./etc/shadow")
        assert read("./etc/resolv.conf") == ""
        assert "./usr/lib/key" in members
        assert "./usr/share/zoneinfo/Europe/London" in members
    assert members["./home/ubuntu"].uid == 1000
    asked = (wanted.archive.proxy or "").removeprefix("http://").encode()
    root = gzip.decompress((built / f"{prefix}-root.tar.gz").read_bytes())
    assert asked not in root
    log = (built / f"{prefix}.build.log").read_text()
    assert log.count("\nii  greeting") == 2

    mirror = f"http://{HOST}/{ARCHIVE}"
    today = wanted.model_copy(
        update={"archive": wanted.archive.model_copy(update={"snapshot": None, "snapshot_url": None, "mirror": mirror})}
    )
    with pytest.raises(ToolError) as caught:
        build_image(today, Serial.parse(SERIAL), Tree(place / "today"), progress=Notes())
    assert "is expired" in caught.value.said

    home = place / "nobody"
    home.mkdir()
    shutil.chown(home, 65534, 65534)
    serial = ("--serial", SERIAL, "--no-cache")
    done = as_nobody(home, "image", "build", place / "x.toml", "--tree", home / "tree", *serial)
    assert done.returncode == 0, done.stderr
    (other,) = (home / "tree/server/karmic").glob("2*")
    assert (other / "SHA256SUMS").read_text() == (built / "SHA256SUMS").read_text()
    left = subprocess.run(["find", home / "tree", "-name", ".*"], capture_output=True, check=True)
    assert left.stdout == b""
