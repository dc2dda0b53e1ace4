from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from spdx_tools.spdx.parser.parse_anything import parse_file
from spdx_tools.spdx.validation.document_validator import validate_full_spdx_document

from builders.archive import unpack_plain
from builders.build.buildinfo import parse_info
from builders.build.image import build_image, daily, next_serial
from builders.build.layout import Layout
from builders.distros import table
from builders.distros.base import Bootstrap
from builders.distros.check import load_definition
from builders.images.contents import Limits
from builders.images.definition import Definition
from builders.images.model import Misfit
from builders.images.serial import Identity, Serial
from builders.publish.signing import certificate
from builders.publish.sums import verify_sums
from builders.publish.tree import Names, Tree
from builders.workshop.bench import Bench
from builders.workshop.command import Argv, ToolError
from builders.workshop.sources import Source
from builders.workshop.tools import Tool
from recipe_runner.errors import RecipeError, UnmetError
from tests.support.karmic import EXAMPLES, OUTPUTS, SERIAL, Notes, build_karmic, definition
from tests.support.keyring import keyring, make_key

PREFIX = "karmic-server-cloudimg-amd64"


@pytest.fixture
def scratch(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Make TMPDIR a directory on disk that every user may enter, with a blank in its name."""
    with tempfile.TemporaryDirectory(prefix="a scratch place ", dir="/var/tmp") as name:
        Path(name).chmod(0o755)
        monkeypatch.setenv("TMPDIR", name)
        yield Path(name)


def test_a_serial_of_the_future_is_told(tmp_path: Path) -> None:
    """Times are clamped to the serial, so one that lies ahead would leave those of the day."""
    whole, serial, notes = definition(), Serial.parse("29991231"), Notes()
    tree = Tree(tmp_path)
    daily(tree, whole, serial).mkdir(parents=True)
    with pytest.raises(UnmetError, match="exists already"):
        build_image(whole, serial, tree, progress=notes)
    (said,) = notes.said
    assert said.startswith("warning: serial 29991231 is later than the clock")


def test_a_build_has_every_file_and_its_sums_hold(karmic: Path) -> None:
    """The plain sha256sum command accepts the list, and the list names every file but the log and the run's own."""
    subprocess.run(["sha256sum", "--check", "--strict", "--quiet", "SHA256SUMS"], cwd=karmic, check=True)
    unsummed = {f"{PREFIX}.run.json", f"{PREFIX}.build.log"}
    found = {str(path.relative_to(karmic)) for path in karmic.rglob("*") if path.is_file()}
    assert found == {
        "SHA256SUMS",
        "build-info.txt",
        "definition.toml",
        f"{PREFIX}.img",
        f"{PREFIX}.raw",
        f"{PREFIX}.tar.gz",
        f"{PREFIX}.manifest",
        f"{PREFIX}.files",
        f"{PREFIX}.inspection.json",
        f"{PREFIX}.spdx.json",
        f"{PREFIX}.cdx.json",
        f"{PREFIX}.provenance.json",
        *unsummed,
        f"unpacked/{PREFIX}-vmlinuz-cloud",
    }
    listed = {line.split(" *")[1] for line in (karmic / "SHA256SUMS").read_text().splitlines()}
    assert listed == found - {"SHA256SUMS"} - unsummed
    assert (karmic.parent / "current").resolve() == karmic
    assert [path.name for path in karmic.parent.iterdir() if path.name.startswith(".")] == []


def test_a_build_says_what_it_is(karmic: Path) -> None:
    """The facts and the package list are those of this build."""
    info = parse_info((karmic / "build-info.txt").read_text())
    assert (info["suite"], info["serial"]) == ("karmic", SERIAL)
    assert load_definition(karmic / "definition.toml") == definition()
    assert re.fullmatch("[0-9a-f]{64}", info["index.karmic"])
    packages = (karmic / f"{PREFIX}.manifest").read_text()
    assert packages == "".join(f"tiny-{name}\t{SERIAL}\n" for name in ("base", "busybox", "kernel"))


def test_disks_and_file_system_are_the_same_bytes(karmic: Path, tmp_path: Path) -> None:
    """The qcow2 holds the raw disk, and the tarball's file system is the raw disk's root partition; e2fsck agrees."""
    raw = tmp_path / "disk.raw"
    subprocess.run(["qemu-img", "convert", "-O", "raw", karmic / f"{PREFIX}.img", raw], check=True)
    disk = raw.read_bytes()
    assert hashlib.sha256(disk).digest() == hashlib.sha256((karmic / f"{PREFIX}.raw").read_bytes()).digest()
    with tarfile.open(karmic / f"{PREFIX}.tar.gz") as tar:
        assert sorted(tar.getnames()) == [f"{PREFIX}-vmlinuz-cloud", f"{PREFIX}.img"]
        unpack_plain(tar, tmp_path)
    filesystem = tmp_path / f"{PREFIX}.img"
    root = Layout(len(disk), Identity("karmic", "amd64", Serial.parse(SERIAL))).root
    assert filesystem.read_bytes() == disk[root.start : root.start + root.size]
    subprocess.run(["/sbin/e2fsck", "-f", "-n", filesystem], check=True, capture_output=True)


def test_the_serial_is_in_the_image(karmic: Path, tmp_path: Path) -> None:
    """A running machine can say which build it is."""
    with tarfile.open(karmic / f"{PREFIX}.tar.gz") as tar:
        unpack_plain(tar, tmp_path)
    shown = subprocess.run(
        ["/sbin/debugfs", "-R", "cat /etc/cloud/build.info", tmp_path / f"{PREFIX}.img"],
        capture_output=True,
        check=True,
    ).stdout
    assert f"serial: {SERIAL}\n".encode() in shown


def test_two_builds_in_different_places_are_equal(everything: Path, tmp_path: Path, scratch: Path) -> None:
    """Another tree, another mask and another scratch place, on disk instead of in memory, give the same checksums.

    That holds for every output there is.
    """
    mask = os.umask(0o077)
    try:
        again = build_karmic(tmp_path / "other tree", outputs=OUTPUTS)
    finally:
        os.umask(mask)
    assert (again / "SHA256SUMS").read_text() == (everything / "SHA256SUMS").read_text()
    assert list(scratch.iterdir()) == []


def test_a_closed_scratch_place_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where apt's own user cannot enter, the image would come out with other owners: better not at all."""
    (tmp_path / "closed").mkdir(mode=0o700)
    monkeypatch.setenv("TMPDIR", str(tmp_path / "closed"))
    with pytest.raises(UnmetError, match="cannot enter"):
        build_karmic(tmp_path / "tree")


def test_a_signed_build_is_verified_by_plain_tools(tmp_path: Path) -> None:
    """GnuPG itself and our own strict reading accept the signature."""
    with keyring() as home:
        key = make_key(home, "builder")
        built = build_karmic(tmp_path, key=key, outputs=("raw",))
        subprocess.run(
            ["gpg", "--verify", built / "SHA256SUMS.gpg", built / "SHA256SUMS"], check=True, capture_output=True
        )
        run = built / f"{PREFIX}.run.json"
        subprocess.run(["gpg", "--verify", f"{run}.gpg", run], check=True, capture_output=True)
        verified = verify_sums(built, certificates=[certificate(key)], primaries=frozenset({key}))
    assert verified.signature.primary == key
    assert f"{PREFIX}.raw" in verified.digests


def test_a_key_that_is_not_there_stops_the_build_before_it_starts(tmp_path: Path) -> None:
    """Nobody waits for a build that cannot be signed in the end."""
    notes = Notes()
    with keyring(), pytest.raises(UnmetError, match="keyring"):
        build_image(definition(), Serial.parse(SERIAL), Tree(tmp_path), progress=notes, key="A" * 40)
    assert notes.said == []
    assert list((tmp_path / "server/karmic").iterdir()) == []


def test_a_serial_is_built_once(tmp_path: Path) -> None:
    """A serial that exists is refused, the next free one is offered, and `current` never goes back."""
    tree = Tree(tmp_path)
    later, earlier = tree.daily("karmic", "20091023"), tree.daily("karmic", "20091022")
    with tree.staging(later):
        pass
    tree.link("current", later)
    with pytest.raises(UnmetError, match="exists already"):
        build_karmic(tmp_path, serial="20091023")
    assert build_karmic(tmp_path, serial="20091022", outputs=("raw",)) == earlier
    assert (later.parent / "current").resolve() == later
    today = next_serial(tree, [definition()])
    with tree.staging(tree.daily("karmic", str(today))):
        pass
    assert next_serial(tree, [definition()]) == today.next


def test_an_image_over_its_limit_is_not_published(tmp_path: Path) -> None:
    """A qcow2 larger than the definition allows fails the build, with both sizes."""
    with pytest.raises(RecipeError, match=r"`limits.image` allows 1 MiB"):
        build_karmic(tmp_path, limits=Limits(image=1 << 20), outputs=("qcow2",))
    assert list((tmp_path / "server/karmic").iterdir()) == []


class Broken:
    """A family whose archive does not exist."""

    name = "broken"
    summary = "fails"

    def tools(self, definition: Definition) -> Sequence[Tool]:
        del definition
        return ()

    def misfits(self, definition: Definition) -> Sequence[Misfit]:
        del definition
        return ()

    def bootstrap(self, bench: Bench) -> Bootstrap:
        source = Source(f"copy://{bench.work}/nowhere", bench.definition.codename, ("main",), trusted=True)
        return Bootstrap(variant="custom", mode="chrootless", packages=["none"], sources=[source], files={})

    def preparation(self, bench: Bench) -> Sequence[Argv]:
        return ()

    def prepare(self, bench: Bench) -> None:
        suite = bench.work / "nowhere/dists" / bench.definition.codename
        suite.mkdir(parents=True)
        (suite / "Release").touch()


def test_a_failed_phase_leaves_nothing_and_tells_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The failing tool is named, its last lines are shown, the whole log is kept, and the tree stays clean."""
    families = replace(table.FAMILIES, own={**table.FAMILIES.own, "broken": f"{__name__}:Broken"})
    monkeypatch.setattr(table, "FAMILIES", families)
    notes = Notes()
    broken = definition().model_copy(update={"distribution": "broken"})
    with pytest.raises(ToolError, match="`mmdebstrap` ended with status"):
        build_image(broken, Serial.parse(SERIAL), Tree(tmp_path), progress=notes)
    (warning,) = [text for text in notes.said if text.startswith("warning")]
    assert "nowhere" in warning
    kept = Path(warning.split("are in ")[1].split(")")[0])
    assert " mmdebstrap --mode=" in kept.read_text()
    assert list((tmp_path / "server/karmic").iterdir()) == []


def test_a_full_place_is_told_before_the_work(tmp_path: Path) -> None:
    """A disk that could not be held is refused at once, by name of the place."""
    huge = definition().model_copy(update={"disk": definition().disk.model_copy(update={"size": 1 << 50})})
    with pytest.raises(UnmetError, match="are needed"):
        build_image(huge, Serial.parse(SERIAL), Tree(tmp_path), progress=Notes())


@pytest.mark.slow
def test_a_real_debian_is_reproducible_and_proven(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """Debian's minimal image comes out the same twice, in different trees and scratch places.

    Nothing is in it that an image must not have, validators accept its bills of materials, and most of its packages
    say what their licence is.
    """
    wanted = load_definition(EXAMPLES / "debian-minimal.toml").model_copy(update={"outputs": ("raw", "licences")})
    serial = next_serial(Tree(tmp_path), [wanted])
    notes = Notes()
    one = build_image(wanted, serial, Tree(tmp_path / "one"), progress=notes)
    request.getfixturevalue("scratch")
    other = build_image(wanted, serial, Tree(tmp_path / "other"), progress=Notes())
    assert (one / "SHA256SUMS").read_text() == (other / "SHA256SUMS").read_text()
    assert [text for text in notes.said if text.startswith("warning")] == []
    names = Names("bookworm", "amd64")
    assert all(result["findings"] == [] for result in json.loads((one / names.inspection).read_text()))
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str((one / names.cyclonedx).read_text()) is None
    assert validate_full_spdx_document(parse_file(str(one / names.spdx))) == []
    packages = json.loads((one / names.spdx).read_text())["packages"]
    said = [package["name"] for package in packages if package["licenseDeclared"] != "NOASSERTION"]
    assert len(said) > len(packages) // 2
    with tarfile.open(one / names.licences) as tar:
        assert "apt/copyright" in tar.getnames()
