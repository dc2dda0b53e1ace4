from __future__ import annotations

from pathlib import Path

import pytest

from recipe_runner.engine.events import Close, Note, StepStart
from recipe_runner.errors import VerificationError
from recipe_runner.journal.ledger import JOURNAL
from recipe_runner.journal.reading import follow as module
from recipe_runner.journal.reading.follow import follow
from tests.recipe_runner.journal.runs import write_run

NOTES = (Note(text="one"), Note(text="two"), Close(outcome="done", done=0, skipped=0, total=0))


@pytest.fixture
def lines(tmp_path: Path) -> list[bytes]:
    """Write a run of four records and return its lines."""
    return (write_run(tmp_path / "run", None, NOTES) / JOURNAL).read_bytes().splitlines(keepends=True)


def grow(monkeypatch: pytest.MonkeyPatch, journal: Path, *states: bytes) -> None:
    """Let the journal have these contents one after another, a runner being at work until the last one."""
    left = list(states)
    journal.write_bytes(left.pop(0))
    monkeypatch.setattr(module, "runner", lambda _: 1 if left else None)
    monkeypatch.setattr("time.sleep", lambda _: journal.write_bytes(left.pop(0)))


def test_each_line_comes_once_it_is_whole(tmp_path: Path, lines: list[bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    """Half a line is waited for; the close ends it, whoever still holds the lock."""
    half = lines[1][:20]
    grow(monkeypatch, tmp_path / "run" / JOURNAL, lines[0] + half, b"".join(lines[:3]), b"".join(lines), b"")
    assert [record.type for record in follow(tmp_path / "run")] == ["genesis", "note", "note", "close"]


def test_it_ends_when_nobody_runs_it(tmp_path: Path, lines: list[bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that was left is shown as far as it came."""
    grow(monkeypatch, tmp_path / "run" / JOURNAL, lines[0], lines[0] + lines[1])
    assert [record.n for record in follow(tmp_path / "run")] == [0, 1]


def test_a_tail_that_is_set_aside(tmp_path: Path, lines: list[bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    """When a resumption cuts what nobody acted upon, what comes in its place is shown."""
    anew = write_run(tmp_path / "anew", None, (StepStart(step="a"), *NOTES)) / JOURNAL
    instead = anew.read_bytes().splitlines(keepends=True)
    grow(monkeypatch, tmp_path / "run" / JOURNAL, b"".join(lines[:3]), lines[0], lines[0] + instead[1])
    assert [record.type for record in follow(tmp_path / "run")] == ["genesis", "note", "note", "step_start"]


def test_damage_is_an_error(tmp_path: Path, lines: list[bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    """A line that is no record is named by its number."""
    grow(monkeypatch, tmp_path / "run" / JOURNAL, lines[0] + b"nonsense\n")
    with pytest.raises(VerificationError, match="record 1: "):
        list(follow(tmp_path / "run"))
