from __future__ import annotations

from pathlib import Path

import pytest

from recipe_runner.engine.events import StepStart
from recipe_runner.errors import VerificationError
from recipe_runner.journal.reading.account import Account
from recipe_runner.journal.reading.evidence import evidence
from recipe_runner.journal.reading.narrative import tell
from recipe_runner.journal.reading.read import records
from recipe_runner.journal.reading.transcript import Piece, transcript
from tests.recipe_runner.journal.runs import FULL, HOSTILE, SMALL, write_run


def test_each_end_finds_its_beginning(tmp_path: Path) -> None:
    """Of two items side by side each has its own outcome."""
    account = Account.of(records(write_run(tmp_path / "run", None, FULL)))
    assert [(e.start.item, e.outcome) for e in account.executions] == [("one", "ok"), ("two", "failed")]
    assert account.executions[0].label == "a [one]"


def test_the_state_of_a_run(tmp_path: Path) -> None:
    """A closed run has its outcome; an open one runs while somebody runs it and else has stopped."""
    whole = Account.of(records(write_run(tmp_path / "whole", None)))
    assert whole.state(live=False) == "done"
    assert (whole.settled(), whole.statuses()) == (1, {"a": "done", "b": "waiting"})
    begun = Account.of(records(write_run(tmp_path / "begun", None, (StepStart(step="a"),))))
    assert (begun.state(live=True), begun.state(live=False)) == ("running", "stopped")
    assert begun.executions[0].outcome == "unfinished"


def test_no_beginning_is_an_error(tmp_path: Path) -> None:
    """An empty journal is no run."""
    (tmp_path / "journal.jsonl").touch()
    with pytest.raises(VerificationError, match="no beginning"):
        Account.of(records(tmp_path))


def test_every_record_has_words(tmp_path: Path) -> None:
    """Each type of record is told in a sentence that holds what was said."""
    account = Account.of(records(write_run(tmp_path / "run", None, FULL)))
    texts = [tell(entry.event).text for entry in account.entries]
    assert all(texts)
    assert f"note on a: {HOSTILE}" in texts
    assert "a [two] ended with exit code 1" in texts
    assert "b skipped (not today)" in texts


def test_evidence_has_a_row_for_commands_and_skips(tmp_path: Path) -> None:
    """Code that is known stands there itself, else its sum; a skip says why."""
    account = Account.of(records(write_run(tmp_path / "run", None, FULL)))
    rows = list(evidence(account, {}))
    assert [(row.step, row.succeeded) for row in rows] == [
        ("a [one]", "yes"),
        ("a [two]", "no"),
        ("b", "skipped: not today"),
    ]
    assert rows[0].command == f"sha256:{'c' * 64}"
    assert next(evidence(account, {"c" * 64: "make\n"})).command == "make"


def test_output_comes_back(tmp_path: Path) -> None:
    """What a step wrote is read back by stream; a changed blob is refused."""
    run = write_run(tmp_path / "run", None, SMALL)
    end = Account.of(records(run)).executions[0].end
    assert end is not None
    assert list(transcript(run, end.blobs)) == [Piece("stdout", b"hello\n", 1000)]
    (run / "blobs" / end.blobs["stdout"]["sha256"]).write_bytes(b"hallo\n")
    with pytest.raises(VerificationError, match="has been changed"):
        list(transcript(run, end.blobs))
