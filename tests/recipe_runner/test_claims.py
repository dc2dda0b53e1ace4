from __future__ import annotations

import multiprocessing
import os
import signal
import tempfile
from pathlib import Path

import pytest

from recipe_runner.claims import claimed, temporary


def test_a_claim_is_private_and_gone_afterwards(tmp_path: Path) -> None:
    """The directory is the maker's own while the block runs, and removed with its content after it."""
    with claimed(tmp_path, "work-", "a") as mine:
        (mine / "file").write_text("x")
        assert mine.name.startswith("work-a-")
        assert mine.stat().st_mode & 0o777 == 0o700
    assert list(tmp_path.iterdir()) == []


def test_a_claim_ends_with_an_error(tmp_path: Path) -> None:
    """An error in the block removes the directory too."""
    with pytest.raises(ZeroDivisionError), claimed(tmp_path, "work-"):
        _ = 1 / 0
    assert list(tmp_path.iterdir()) == []


def test_living_claims_leave_each_other_alone(tmp_path: Path) -> None:
    """A claim that is held is not swept by a second one."""
    with claimed(tmp_path, "work-") as first, claimed(tmp_path, "work-") as second:
        assert first.exists()
        assert second.exists()


def test_a_claim_that_is_swept_before_it_is_held_is_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between the making of a directory and its lock another process may sweep it: then there is a second one."""
    made: list[Path] = []
    make = tempfile.mkdtemp

    def swept(*, prefix: str, dir: Path) -> str:  # noqa: A002 - its name in tempfile
        made.append(Path(make(prefix=prefix, dir=dir)))
        if len(made) == 1:
            made[0].rmdir()
        return str(made[-1])

    monkeypatch.setattr(tempfile, "mkdtemp", swept)
    with claimed(tmp_path, "work-") as mine:
        assert mine == made[1]
        assert mine.exists()


def _claim_and_die(parent: Path) -> None:
    with claimed(parent, "work-") as mine:
        (mine / "half").write_text("made")
        os.kill(os.getpid(), signal.SIGKILL)


def test_a_dead_claim_is_swept_and_a_link_is_not_followed(tmp_path: Path) -> None:
    """The next claim removes what a killed process left, and touches nothing that a link points to."""
    parent, other = tmp_path / "parent", tmp_path / "other"
    parent.mkdir()
    other.mkdir()
    (other / "kept").write_text("x")
    (parent / "work-link").symlink_to(other)
    child = multiprocessing.get_context("forkserver").Process(target=_claim_and_die, args=(parent,))
    child.start()
    child.join()
    (dead,) = [path for path in parent.iterdir() if not path.is_symlink()]
    with claimed(parent, "work-"):
        assert not dead.exists()
    assert (other / "kept").exists()


def test_each_purpose_has_its_own_in_the_temporary_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a killed process has left there goes with the next of its purpose, and with no other."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    dead, other = (tmp_path / f"recipe-{name}-{os.getuid()}--x" for name in ("one", "two"))
    for path in (dead, other):
        path.mkdir()
    with temporary("one") as mine:
        assert mine.parent == tmp_path
        assert sorted(tmp_path.iterdir()) == sorted((mine, other))
