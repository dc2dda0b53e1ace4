from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from builders.build.aside import aside


def test_sums_are_told_of_the_files_below_a_directory(tmp_path: Path) -> None:
    """A file elsewhere is nobody's; one that was summed twice is told once."""
    (tmp_path / "in/deep").mkdir(parents=True)
    inner, outer = tmp_path / "in/deep/file", tmp_path / "file"
    for path in (inner, outer):
        path.write_text("content")
    with aside() as beside:
        beside.sum(inner, outer)
        beside.sum(inner)
        assert beside.digests(tmp_path / "in") == {"deep/file": hashlib.sha256(b"content").hexdigest()}


def test_tasks_come_one_after_the_other_and_their_faults_are_told() -> None:
    """What was begun first is done first; a fault in one is raised where all are waited for."""
    done: list[int] = []
    with aside() as beside:
        for number in range(20):
            beside.begin(done.append, number)
        beside.finish()
        assert done == list(range(20))
        beside.begin(done.remove, -1)
        with pytest.raises(ValueError, match="not in list"):
            beside.finish()
