from __future__ import annotations

import os
from pathlib import Path

from recipe_runner.journal.ledger import newest_head
from recipe_runner.journal.records.chain import head_of
from tests.recipe_runner.journal import forge
from tests.recipe_runner.journal.runs import OTHER_RUN, RUN, genesis, write_run


def test_the_newest_run_is_the_one_written_to_last(tmp_path: Path) -> None:
    """The link names the run whose journal changed last, with the sha256 of its last line."""
    old = write_run(tmp_path / "z", None, first=genesis(OTHER_RUN))
    new = write_run(tmp_path / "a", None)
    os.utime(old / "journal.jsonl", ns=(1, 1))
    lines = (new / "journal.jsonl").read_bytes().splitlines(keepends=True)
    assert newest_head(tmp_path) == {"run": RUN, "head": head_of(lines[-1]), "records": len(lines)}


def test_what_is_no_run_is_passed_over(tmp_path: Path) -> None:
    """Empty, foreign, damaged and hidden directories are no runs; without any run there is no link."""
    assert newest_head(tmp_path) is None
    assert newest_head(tmp_path / "absent") is None
    (tmp_path / "file").touch()
    (tmp_path / "empty").mkdir()
    for name, content in (("foreign", b"hello\n"), ("blank", b""), ("torn", b'{"n":0'), (".hidden", b"x\n")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "journal.jsonl").write_bytes(content)
    assert newest_head(tmp_path) is None


def test_a_planted_run_without_an_id_is_passed_over(tmp_path: Path) -> None:
    """Whoever can write beside the runs cannot make the next run name something that its verifiers refuse."""
    planted = write_run(tmp_path / "a", None)
    forge.write(planted, forge.chained(forge.first(run="../..")(forge.read(planted))))
    assert newest_head(tmp_path) is None


def test_a_torn_end_does_not_count(tmp_path: Path) -> None:
    """The head of a run that is being written, or crashed, is its last whole line."""
    run = write_run(tmp_path / "a", None)
    before = newest_head(tmp_path)
    with (run / "journal.jsonl").open("ab") as file:
        file.write(b'{"n":')
    assert newest_head(tmp_path) == before
