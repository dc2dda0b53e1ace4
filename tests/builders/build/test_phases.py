from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from builders.build import disk, phases
from builders.build.cache import PhaseCache
from builders.build.image import build_image
from builders.images.definition import Definition
from builders.images.serial import Serial
from builders.publish.sums import digest
from builders.publish.tree import Names, Tree
from builders.workshop.command import ToolError
from tests.support.karmic import SERIAL, Notes, definition

KEPT = "kept from before"
ROOT, DISK, ARTEFACTS = "root file system", "file systems and disks", "qcow2, bundle"
LEAN = definition().model_copy(update={"outputs": ("qcow2",)})


def build(tmp_path: Path, name: str, wanted: Definition = LEAN, serial: str = SERIAL) -> tuple[Path, set[str]]:
    """Build with the test's own cache; return the directory and the titles of the phases that were kept."""
    notes = Notes()
    cache = PhaseCache(tmp_path / "phases")
    built = build_image(wanted, Serial.parse(serial), Tree(tmp_path / name), progress=notes, cache=cache)
    return built, {title.removesuffix(f", {KEPT}") for title in notes.said if KEPT in title}


def changed(**parts: dict[str, Any]) -> Definition:
    return LEAN.model_copy(update={key: getattr(LEAN, key).model_copy(update=new) for key, new in parts.items()})


def test_a_warm_build_makes_the_same_bytes_of_kept_phases(karmic: Path, tmp_path: Path) -> None:
    """The second build takes every phase from the cache, and its checksums are those of a build without one."""
    cold, none = build(tmp_path, "cold", definition())
    warm, every = build(tmp_path, "warm", definition())
    assert (none, every) == (set(), {ROOT, DISK, ARTEFACTS})
    for built in (cold, warm):
        assert (built / "SHA256SUMS").read_bytes() == (karmic / "SHA256SUMS").read_bytes()


def test_a_change_costs_only_what_depends_on_it(tmp_path: Path) -> None:
    """The marker is in no phase, the kernel's arguments are in the disk, title and serial in the root."""
    build(tmp_path, "first")
    assert build(tmp_path, "a", changed(boot={"marker": "x"}))[1] == {ROOT, DISK, "qcow2"}
    assert build(tmp_path, "b", changed(boot={"arguments": "quiet"}))[1] == {ROOT}
    assert build(tmp_path, "c", changed(disk={"size": 200 << 20}))[1] == {ROOT}
    assert build(tmp_path, "d", LEAN.model_copy(update={"title": "Other"}))[1] == set()
    assert build(tmp_path, "e", serial="20091023")[1] == set()


def test_an_output_more_is_made_of_the_kept_disk(karmic: Path, tmp_path: Path) -> None:
    """The file system for the bundle is carved out of the disk, and the bundle has the bytes of a whole build's."""
    build(tmp_path, "disk")
    built, kept = build(tmp_path, "more", definition().model_copy(update={"outputs": ("qcow2", "bundle")}))
    assert {ROOT, DISK} <= kept
    assert ARTEFACTS not in kept
    bundle = Names("karmic", "amd64").tarball
    assert digest(built / bundle) == digest(karmic / bundle)


def test_a_late_failure_goes_on_from_the_last_good_phase(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the disk could not be made, the next build begins with the disk."""
    with monkeypatch.context() as broken:
        broken.setattr(disk, "table_command", lambda _: ("false",))
        with pytest.raises(ToolError, match="`false`"):
            build(tmp_path, "failed")
    built, kept = build(tmp_path, "again")
    assert kept == {ROOT}
    assert (built / "SHA256SUMS").is_file()


@pytest.mark.parametrize("what", ["machine_state", "program_state"])
def test_other_tools_or_another_program_find_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    """An upgrade of this machine or of this program ends what was kept before it."""
    build(tmp_path, "before")
    monkeypatch.setattr(phases, what, lambda *_: "other")
    assert build(tmp_path, "after")[1] == set()


def test_a_root_of_another_archive_state_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the archive moves between the look at it and the making of the root, nothing is kept under the old state."""
    monkeypatch.setattr(phases, "archive_state", lambda *_: {"karmic": "0" * 64})
    build(tmp_path, "first")
    assert build(tmp_path, "second")[1] == set()
    assert not (tmp_path / "phases").exists()
