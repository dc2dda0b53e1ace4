from __future__ import annotations

import gzip
import json
import shutil
import socket
from pathlib import Path

import pytest

from builders.build.inspected import inspect_path, machine_names
from builders.proof.packages import parse_manifest
from builders.publish.tree import Names
from recipe_runner.errors import ExitCode, RecipeError, UsageError
from tests.support.command import recipe
from tests.support.karmic import copy_build
from tests.support.roots import Entry, write_root

NAMES = Names("karmic", "amd64")


def test_a_build_passes_and_says_what_changed(karmic: Path, tmp_path: Path) -> None:
    """The tiny image has nothing it must not have; against an earlier serial, packages and growth are told."""
    now = copy_build(karmic, tmp_path)
    before = now.parent / "20091021"
    shutil.copytree(now, before)
    (before / NAMES.manifest).write_text("tiny-base\t1\ngone\t1\n")
    (before / NAMES.file_list).write_text("-rw-r--r--\t0:0\t5\tabc\t/a\n")
    found = inspect_path(now, allowed=(), growth=10, previous=None)
    assert found.previous == before
    assert [(change.kind, change.package) for change in found.changes] == [
        ("removed", "gone"),
        ("changed", "tiny-base"),
        ("added", "tiny-busybox"),
        ("added", "tiny-kernel"),
    ]
    assert [finding.path for result in found.results for finding in result.findings] == ["root"]
    assert inspect_path(now, allowed=(), growth=1e12, previous=None).passed


def test_a_build_with_its_root_is_inspected_anew(everything: Path) -> None:
    """The root tarball beside the disks is what is looked at, and nothing of this machine is in it."""
    found = inspect_path(everything, allowed=(), growth=10, previous=None)
    assert found.passed
    assert {result.check for result in found.results} >= {"secrets", "build-machine"}
    assert parse_manifest((everything / NAMES.manifest).read_text())


def test_the_machines_own_names_are_looked_for() -> None:
    """Host and proxy are known, but not what the definition itself names, nor words that mean nothing."""
    environ = {"http_proxy": "http://proxy.example.org:3128"}
    assert "proxy.example.org" in machine_names("", environ).values()
    assert "proxy.example.org" not in machine_names("proxy.example.org", environ).values()
    assert "localhost" not in machine_names("", {}).values()
    if len(socket.gethostname()) > 4 and socket.gethostname() not in {"debian", "ubuntu", "localhost"}:
        assert socket.gethostname() in machine_names("", {}).values()


def test_the_verb_says_it_by_its_exit_code(tmp_path: Path) -> None:
    """A root with a fault ends with 4 and names it, as text and as JSON; what is no tarball ends with 2."""
    archive = write_root(tmp_path / "root.tar", [Entry("opt/open", 0o666)])
    packed = tmp_path / "root.tar.gz"
    packed.write_bytes(gzip.compress(archive.read_bytes()))
    text = recipe("image", "inspect", str(packed), directory=tmp_path)
    assert text.returncode == ExitCode.VERIFICATION
    assert "world-writable:/opt/open has mode 0666" in text.stdout
    shown = recipe(
        "image", "inspect", str(archive), "--format", "json", "--allow", "world-writable:/opt/*", directory=tmp_path
    )
    results = {result["check"]: result["findings"] for result in json.loads(shown.stdout)["results"]}
    assert results["world-writable"] == []
    assert results["essential"]
    (tmp_path / "text").write_text("no archive")
    assert recipe("image", "inspect", str(tmp_path / "text"), directory=tmp_path).returncode == ExitCode.USAGE


@pytest.mark.parametrize(
    "content", [b"", b"\x1f\x8bxxxx", b"\xfd7zXZ\0xxxx", gzip.compress(b"hello " * 99, mtime=0)[:-9]]
)
def test_damaged_tarballs_are_told(tmp_path: Path, content: bytes) -> None:
    """No traceback, whatever the file is."""
    (tmp_path / "root.tar").write_bytes(content)
    with pytest.raises(RecipeError):
        inspect_path(tmp_path / "root.tar", allowed=(), growth=10, previous=None)


def test_a_folder_that_is_no_build_is_refused(tmp_path: Path) -> None:
    """Only what a build writes is taken for one."""
    with pytest.raises(UsageError, match="cannot read"):
        inspect_path(tmp_path, allowed=(), growth=10, previous=None)
