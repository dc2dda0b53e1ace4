from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from recipe_runner.durable import write_durably


def test_a_file_has_the_mode_that_is_said(tmp_path: Path) -> None:
    """Old file or new one: the mode is that of this writing, and nothing is left beside it."""
    path = tmp_path / "file"
    for mode in (0o600, 0o644):
        write_durably(path, [b"a", b"b"], mode=mode)
        assert path.read_bytes() == b"ab"
        assert path.stat().st_mode & 0o777 == mode
    assert list(tmp_path.iterdir()) == [path]


def test_what_is_there_stays_where_it_must(tmp_path: Path) -> None:
    """A file that must be new does not replace one, not even one that appeared meanwhile."""
    path = tmp_path / "file"

    def pieces() -> Iterator[bytes]:
        path.write_bytes(b"faster")
        yield b"slower"

    with pytest.raises(FileExistsError):
        write_durably(path, pieces(), mode=0o600, over=False)
    assert [found.read_bytes() for found in tmp_path.iterdir()] == [b"faster"]


def test_a_fault_on_the_way_leaves_nothing(tmp_path: Path) -> None:
    """Whatever the pieces raise, the old file stays and no part of the new one does."""
    path = tmp_path / "file"
    path.write_bytes(b"old")

    def pieces() -> Iterator[bytes]:
        yield b"half"
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_durably(path, pieces(), mode=0o600)
    assert [found.read_bytes() for found in tmp_path.iterdir()] == [b"old"]
