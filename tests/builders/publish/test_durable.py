from __future__ import annotations

import resource
from pathlib import Path

import pytest

from builders.publish import durable
from recipe_runner.errors import RecipeError
from tests.support.durability import Durability


def test_a_file_is_replaced_whole(tmp_path: Path) -> None:
    """The new content is there, readable by all, and nothing else is left in the directory."""
    path = tmp_path / "new" / "file"
    durable.replace(path, b"old")
    durable.replace(path, b"new")
    assert path.read_bytes() == b"new"
    assert path.stat().st_mode & 0o777 == 0o644
    assert [p.name for p in path.parent.iterdir()] == ["file"]


def test_what_cannot_be_written_leaves_the_old_file(tmp_path: Path) -> None:
    """When the data does not fit, the old file stays and no rest of the new one does."""
    path = tmp_path / "file"
    durable.replace(path, b"old")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        with pytest.raises(RecipeError, match=r"cannot write `.*/file`: File too large"):
            durable.replace(path, bytes(5000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert [p.read_bytes() for p in tmp_path.iterdir()] == [b"old"]


def test_a_replaced_file_outlives_a_loss_of_power(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its bytes are synced before it gets its name, and its name before the call returns."""
    seen = Durability.watched(monkeypatch)
    durable.replace(tmp_path / "file", b"new")
    assert (seen.renames, seen.lost()) == (1, [])
