from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from recipe_runner.journal.reading.account import Account
from recipe_runner.journal.reading.comparison import Change, changes
from recipe_runner.journal.reading.read import records
from recipe_runner.journal.reading.tally import tally
from tests.recipe_runner.journal.runs import FULL, OTHER_RUN, genesis, write_run


def account(directory: Path, *, full: bool = False, **fields: object) -> Account:
    """Write a run and read it back."""
    first = genesis(OTHER_RUN if full else genesis().run, **fields)
    return Account.of(
        records(write_run(directory, None, FULL, first) if full else write_run(directory, None, first=first))
    )


def test_steps_are_counted_over_runs(tmp_path: Path) -> None:
    """Runs, failures and skips add up; times are of what succeeded; what nobody ran is named."""
    a, b = tally([account(tmp_path / "one"), account(tmp_path / "two", full=True)])
    assert (a.step, a.runs, a.ran, a.failed, a.never) == ("a", 2, 3, 1, False)
    assert (a.median, a.slowest) == (timedelta(milliseconds=3), timedelta(milliseconds=3))
    assert (b.step, b.ran, b.skipped, b.never, b.median) == ("b", 0, 1, True, None)


def test_runs_of_other_recipes_are_counted_apart(tmp_path: Path) -> None:
    """The same id in another recipe is another step."""
    other = account(tmp_path / "other", recipe={"name": "other.md", "sha256": "e" * 64})
    assert [(t.recipe, t.step, t.runs) for t in tally([account(tmp_path / "one"), other])] == [
        ("small.md", "a", 1),
        ("small.md", "b", 1),
        ("other.md", "a", 1),
        ("other.md", "b", 1),
    ]


def test_what_differs_is_named(tmp_path: Path) -> None:
    """Parameters and outcomes that differ are changes; a run does not differ from itself."""
    one = account(tmp_path / "one")
    two = account(tmp_path / "two", full=True, params={"serial": "20091023"})
    assert list(changes(one, one)) == []
    found = list(changes(one, two))
    assert Change("parameter", "serial", "20091022", "20091023") in found
    assert Change("parameter", "regions", "us-east-1, eu-west-1", "") in found
    assert Change("outcome", "a", "done", "failed") in found
