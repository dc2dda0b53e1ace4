from __future__ import annotations

from pathlib import Path

import pytest

from builders.workshop.bench import cache_directory
from builders.workshop.command import PATH, Commands
from builders.workshop.e2fsprogs import OLDEST, find_mke2fs
from recipe_runner.errors import UnmetError
from tests.support.karmic import Notes


@pytest.fixture
def commands(tmp_path: Path) -> Commands:
    return Commands(tmp_path / "log", {"PATH": PATH, "LC_ALL": "C.UTF-8", "HOME": str(tmp_path)})


def fake_mke2fs(folder: Path, version: str) -> Commands:
    """Put a program that calls itself mke2fs of this version first in a PATH."""
    program = folder / "mke2fs"
    program.write_text(f"#!/bin/sh\necho 'mke2fs {version} (1-Jan-2025)' >&2\n")
    program.chmod(0o755)
    return Commands(folder / "log", {"PATH": f"{folder}:{PATH}"})


def test_a_new_enough_mke2fs_of_the_machine_is_used(tmp_path: Path) -> None:
    """Where the machine's own will do, nothing is fetched."""
    notes = Notes()
    found = find_mke2fs(fake_mke2fs(tmp_path, "1.47.1"), tmp_path / "cache", notes)
    assert (found.path, found.version, dict(found.environ)) == (Path("mke2fs"), (1, 47, 1), {})
    assert notes.said == []
    assert not (tmp_path / "cache").exists()


def test_one_is_found_on_this_machine(commands: Commands) -> None:
    """Whatever this machine has, a suitable mke2fs is found, runs, and is not the machine's older one."""
    before = Path("/sbin/mke2fs").stat()
    found = find_mke2fs(commands, cache_directory(), Notes())
    assert found.version >= OLDEST
    commands.extended(**found.environ).run(found.path, "-V")
    assert Path("/sbin/mke2fs").stat() == before


@pytest.mark.slow
def test_it_is_fetched_once_and_told_once(commands: Commands, tmp_path: Path) -> None:
    """The first need fetches and says so, leaving nothing else behind; the second finds what is there."""
    first, second = Notes(), Notes()
    cache = tmp_path / "cache"
    old = fake_mke2fs(tmp_path, "1.47.0")
    found = find_mke2fs(old, cache, first)
    assert "this machine's is 1.47.0" in first.said[0]
    assert find_mke2fs(old, cache, second) == found
    assert second.said == []
    assert [path.name for path in (cache / "tools").iterdir()] == [found.path.relative_to(cache).parts[1]]
    commands.extended(**found.environ).run(found.path, "-V")


def test_without_a_network_the_hint_says_what_to_do(tmp_path: Path) -> None:
    """When backports cannot be had, the fault names versions and what to install; nothing half-made is kept."""
    old = fake_mke2fs(tmp_path, "1.46.2").extended(http_proxy="http://127.0.0.1:1")
    with pytest.raises(UnmetError, match=r"no mke2fs 1\.47\.1 or later: this machine's is 1\.46\.2") as caught:
        find_mke2fs(old, tmp_path / "cache", Notes())
    assert "install e2fsprogs 1.47.1" in (caught.value.diagnostics[0].hint or "")
    assert list((tmp_path / "cache/tools").iterdir()) == []
