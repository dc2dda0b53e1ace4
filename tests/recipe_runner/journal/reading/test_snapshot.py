from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from recipe_runner.journal.ledger import JOURNAL
from recipe_runner.journal.policy import Policy
from recipe_runner.journal.reading.snapshot import snapshot
from recipe_runner.journal.verification.verify import verify
from tests.recipe_runner.journal.runs import RUN

VECTORS = Path(__file__).parents[3] / "fixtures" / "journals"


@pytest.mark.parametrize(
    "name", ["valid", "valid-full", "torn", "edited", "blob-changed", "blob-link", "blob-missing", "valid-recovered"]
)
def test_a_snapshot_has_the_verdict_of_its_run(name: str) -> None:
    """What is right or wrong with a run and the files beside it is so with its copy."""
    run = VECTORS / name / RUN
    policy = Policy.load(VECTORS / "policy.toml")
    with snapshot(run) as still:
        assert verify(still, policy).verdict == verify(run, policy).verdict
        assert still.name == RUN
    assert not still.exists()
    assert run.exists()


def test_a_snapshot_stands_still(tmp_path: Path) -> None:
    """Whoever writes to the run's journal writes not to the copy, nor removes what is linked to."""
    run = shutil.copytree(VECTORS / "valid" / RUN, tmp_path / RUN)
    before = (run / JOURNAL).read_bytes()
    with snapshot(run) as still:
        (run / JOURNAL).write_bytes(b"forged\n")
        assert (still / JOURNAL).read_bytes() == before
    assert list((run / "blobs").iterdir())
