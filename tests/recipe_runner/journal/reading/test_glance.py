from __future__ import annotations

from pathlib import Path

import pytest

from recipe_runner.engine.events import Close, Event, Skip, StepEnd, StepStart
from recipe_runner.errors import UsageError, VerificationError
from recipe_runner.journal.reading.account import Account
from recipe_runner.journal.reading.glance import Glance
from recipe_runner.journal.reading.read import records
from recipe_runner.journal.signers.gpg import GpgSigner
from tests.recipe_runner.journal.runs import FULL, write_run

BEGUN: tuple[Event, ...] = (StepStart(step="a"), StepEnd(step="a", duration_ms=1))
WHOLE: tuple[Event, ...] = (
    *BEGUN,
    Skip(step="b", kind="skipped", reason="late"),
    Close(outcome="done", done=1, skipped=1, total=2),
)


@pytest.mark.parametrize(
    "events",
    [WHOLE, BEGUN, (*BEGUN, Close(outcome="abandoned", done=1, skipped=1, total=2)), FULL],
    ids=["done", "open", "abandoned", "full"],
)
def test_a_glance_sees_what_a_reading_sees(tmp_path: Path, events: tuple[Event, ...]) -> None:
    """Who, when, how far: the same from both ends of the journal as from all of it."""
    run = write_run(tmp_path / "run", None, events)
    seen, read = Glance.at(run), Account.of(records(run))
    assert (seen.genesis, seen.began, seen.took, seen.closed) == (
        read.genesis, read.began, read.took, read.history.closed,
    )  # fmt: skip
    assert (seen.recipe_name, seen.steps, seen.state(live=False)) == (read.recipe_name, 2, read.state(live=False))
    assert seen.settled == (2 if seen.state(live=False) == "done" else read.settled())
    assert not seen.signed


def test_the_middle_of_a_run_that_is_done_is_not_read(
    signer: GpgSigner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The beginning and the end are enough, so a list of many long runs takes no time."""
    run = write_run(tmp_path / "run", signer, WHOLE)
    monkeypatch.setattr(Account, "of", lambda _: pytest.fail("it was read"))
    assert (Glance.at(run).settled, Glance.at(run).signed) == (2, True)


def test_no_run_is_an_error(tmp_path: Path) -> None:
    """No journal, an empty one, and one without a beginning are said, never guessed."""
    with pytest.raises(UsageError):
        Glance.at(tmp_path)
    journal = tmp_path / "journal.jsonl"
    journal.touch()
    with pytest.raises(VerificationError, match="no beginning"):
        Glance.at(tmp_path)
