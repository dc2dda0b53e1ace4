from __future__ import annotations

import shutil
from pathlib import Path

from recipe_runner.engine.preconditions.space import Disk
from tests.recipe_runner.engine.preconditions.conftest import Look


def test_disk_agrees_with_the_system(look: Look, tmp_path: Path) -> None:
    """Half of what the system says is free is met, twice as much is not, and the hint says how much is missing."""
    free = shutil.disk_usage(tmp_path).free
    assert look("disk", f"{free // 2} B").met
    found = look("disk", f"{free * 2} B")
    assert not found.met
    assert "more" in str(found.hint)


def test_disk_of_a_path_that_is_not_there_yet(look: Look, tmp_path: Path) -> None:
    """A path that will be made later counts as the directory in which it would be."""
    found = look("disk", "1 B", at="a/b/c")
    assert found.met
    assert found.detail.endswith(f"free at {tmp_path}")


def test_disk_at_an_impossible_path_is_unmet(look: Look) -> None:
    """A path that cannot be looked at is a finding and no exception."""
    found = look("disk", "1 B", at="x" * 300)
    assert not found.met
    assert found.detail.endswith("cannot be looked at: File name too long")


def test_memory(look: Look) -> None:
    """Some memory is available, but not a pebibyte."""
    assert look("memory", "1 MiB").met
    assert not look("memory", "1 PiB").met


def test_text_says_what_is_required() -> None:
    """The one line of a disk requirement has amount and place."""
    assert Disk.model_validate({"disk": "10 GiB", "at": "/srv"}).text() == "10 GiB free at `/srv`"
