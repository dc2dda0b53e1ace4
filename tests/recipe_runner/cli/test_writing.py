from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from recipe_runner.cli.writing import write_new, write_over
from recipe_runner.errors import RecipeError, UsageError


def names(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


def test_a_new_file_is_whole_and_has_ordinary_modes(tmp_path: Path) -> None:
    """Nothing else is left in the directory, and the user's umask decides who may read it."""
    before = os.umask(0o027)
    try:
        write_new(tmp_path / "a", b"text", hint="")
    finally:
        os.umask(before)
    assert (tmp_path / "a").read_bytes() == b"text"
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o640
    assert names(tmp_path) == ["a"]


def test_a_file_that_is_there_stays(tmp_path: Path) -> None:
    """The error says so and carries the caller's hint."""
    (tmp_path / "a").write_bytes(b"mine")
    with pytest.raises(UsageError) as caught:
        write_new(tmp_path / "a", b"text", hint="do something else")
    assert caught.value.diagnostics[0].hint == "do something else"
    assert (tmp_path / "a").read_bytes() == b"mine"
    assert names(tmp_path) == ["a"]


def test_a_file_is_replaced_in_one_step(tmp_path: Path) -> None:
    """Whoever has the old file open still reads the old text."""
    (tmp_path / "a").write_bytes(b"old")
    with (tmp_path / "a").open("rb") as held:
        write_over(tmp_path / "a", b"new")
        assert held.read() == b"old"
    assert (tmp_path / "a").read_bytes() == b"new"
    assert names(tmp_path) == ["a"]


def test_a_place_that_cannot_be_written_to_is_an_error(tmp_path: Path) -> None:
    """The system's words become one message; a directory in the way is no crash and is not replaced."""
    (tmp_path / "d").mkdir()
    for path in (tmp_path / "nowhere" / "a", tmp_path / "d"):
        with pytest.raises(RecipeError, match="cannot write"):
            write_over(path, b"")
    assert names(tmp_path) == ["d"]
