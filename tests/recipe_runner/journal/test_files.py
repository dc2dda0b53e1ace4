from __future__ import annotations

import os
from pathlib import Path

import pytest

from recipe_runner.errors import IncompleteError, UsageError
from recipe_runner.journal.files import (
    create,
    open_regular,
    open_to_append,
    publish,
    reading,
    reserve,
    write_all,
    writing,
)
from tests.support.durability import Durability


def test_a_published_file_is_private_and_whole(tmp_path: Path) -> None:
    """A file is replaced in one piece, is readable by its owner alone, and leaves nothing else behind."""
    path = tmp_path / "file"
    path.write_bytes(b"before")
    publish(path, b"after")
    assert path.read_bytes() == b"after"
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_a_new_file_is_private_and_new(tmp_path: Path) -> None:
    """A file that is there already is not opened again."""
    descriptor = create(tmp_path / "file")
    write_all(descriptor, b"x" * 100_000)
    os.close(descriptor)
    assert (tmp_path / "file").stat().st_size == 100_000
    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o600
    with pytest.raises(FileExistsError):
        create(tmp_path / "file")


def test_only_regular_files_are_opened(tmp_path: Path) -> None:
    """A link, a pipe and a directory are refused, and none of them makes the reader wait."""
    (tmp_path / "file").write_bytes(b"data")
    (tmp_path / "link").symlink_to(tmp_path / "file")
    os.mkfifo(tmp_path / "pipe")
    with open_regular(tmp_path / "file") as file:
        assert file.read() == b"data"
    for name in ("link", "pipe", ".", "absent"):
        for opened in (open_regular, open_to_append):
            with pytest.raises(OSError, match=r".+"):
                opened(tmp_path / name)


def test_a_reserve_takes_its_place_on_the_disk(tmp_path: Path) -> None:
    """The reserve's blocks are allocated, not only promised, and never those of a file elsewhere."""
    reserve(tmp_path / "reserve", 65536)
    assert (tmp_path / "reserve").stat().st_blocks * 512 >= 65536
    (tmp_path / "mine").write_text("precious")
    (tmp_path / "link").symlink_to(tmp_path / "mine")
    with pytest.raises(OSError, match="symbolic link"):
        reserve(tmp_path / "link", 65536)
    assert (tmp_path / "mine").read_text() == "precious"


def test_refusals_become_errors_with_a_name(tmp_path: Path) -> None:
    """What the system refuses is told with the file and a hint, and with the exit code of its kind."""
    with pytest.raises(IncompleteError, match="absent"), writing(tmp_path / "absent"):
        create(tmp_path / "absent" / "file")
    with pytest.raises(UsageError, match="No such file"), reading(tmp_path):
        open_regular(tmp_path / "absent")


def test_a_published_file_outlives_a_loss_of_power(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its bytes are synced before it gets its name, and its name before the call returns."""
    seen = Durability.watched(monkeypatch)
    publish(tmp_path / "file", b"after")
    assert (seen.renames, seen.lost()) == (1, [])
