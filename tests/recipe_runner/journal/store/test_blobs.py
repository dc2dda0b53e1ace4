from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from recipe_runner.engine.events import Output
from recipe_runner.errors import VerificationError
from recipe_runner.journal.store.blobs import Attempt, blob_directory, keep, read_blob
from tests.support.durability import Durability


def test_streams_become_files_named_by_their_bytes(tmp_path: Path) -> None:
    """Each stream with bytes gets a blob; the timing blob says when which piece came; nothing temporary remains."""
    attempt = Attempt(blob_directory(tmp_path))
    attempt.write(Output("a", "stdout", b"one\n", 10))
    attempt.write(Output("a", "stderr", b"", 15))
    attempt.write(Output("a", "stdout", b"two\n", 20))
    attempt.write(Output("a", "state", b"x=1", 25))
    named = attempt.commit()
    assert sorted(named) == ["state", "stdout", "timing"]
    assert named["stdout"] == {"sha256": hashlib.sha256(b"one\ntwo\n").hexdigest(), "size": 8}
    assert read_blob(tmp_path, named["stdout"]["sha256"]) == b"one\ntwo\n"
    assert read_blob(tmp_path, named["timing"]["sha256"]) == b"10 stdout 4\n20 stdout 4\n"
    assert {path.name for path in (tmp_path / "blobs").iterdir()} == {entry["sha256"] for entry in named.values()}
    assert all(path.stat().st_mode & 0o777 == 0o600 for path in (tmp_path / "blobs").iterdir())


def test_silence_has_no_blob(tmp_path: Path) -> None:
    """An attempt that wrote nothing names nothing."""
    assert Attempt(blob_directory(tmp_path)).commit() == {}


def test_what_was_written_before_a_crash_stays_under_a_temporary_name(tmp_path: Path) -> None:
    """An attempt that never ended leaves its bytes for people, under a name that no record gives."""
    attempt = Attempt(blob_directory(tmp_path))
    attempt.write(Output("a", "stdout", b"half", 10))
    attempt.abandon()
    contents = {path.name.rpartition("-")[2]: path.read_bytes() for path in (tmp_path / "blobs").iterdir()}
    assert contents == {"stdout": b"half", "timing": b"10 stdout 4\n"}
    assert all(path.name.startswith("part-") for path in (tmp_path / "blobs").iterdir())


def test_a_changed_or_missing_blob_is_not_read(tmp_path: Path) -> None:
    """A blob whose bytes are not those of its name is refused, as is one that is gone or a link."""
    attempt = Attempt(blob_directory(tmp_path))
    attempt.write(Output("a", "state", b"x=1", 25))
    sha256 = attempt.commit()["state"]["sha256"]
    path = tmp_path / "blobs" / sha256
    path.write_bytes(b"x=2")
    with pytest.raises(VerificationError, match="changed"):
        read_blob(tmp_path, sha256)
    path.unlink()
    with pytest.raises(VerificationError, match="cannot be read"):
        read_blob(tmp_path, sha256)
    (tmp_path / "other").write_bytes(b"x=1")
    path.symlink_to(tmp_path / "other")
    with pytest.raises(VerificationError, match="cannot be read"):
        read_blob(tmp_path, sha256)


def test_a_document_is_kept_once_under_its_sha256(tmp_path: Path) -> None:
    """Keeping the same bytes twice leaves one private file, which reads back."""
    for _ in range(2):
        keep(blob_directory(tmp_path), b"# Recipe\n")
    (kept,) = (tmp_path / "blobs").iterdir()
    assert kept.stat().st_mode & 0o777 == 0o600
    assert read_blob(tmp_path, hashlib.sha256(b"# Recipe\n").hexdigest()) == b"# Recipe\n"


def test_blobs_outlive_a_loss_of_power(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The bytes of streams and documents are synced before they get their names, and the names too."""
    seen = Durability.watched(monkeypatch)
    attempt = Attempt(tmp_path)
    attempt.write(Output("a", "stdout", b"hello", 1))
    attempt.commit()
    assert (seen.renames, seen.lost()) == (2, [])
    keep(tmp_path, b"document")
    assert (seen.renames, seen.lost()) == (3, [])
