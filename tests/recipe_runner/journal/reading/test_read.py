from __future__ import annotations

import threading
from pathlib import Path

import pytest

from recipe_runner.engine.events import Genesis, StepEnd
from recipe_runner.errors import UsageError, VerificationError
from recipe_runner.journal.reading.read import records
from recipe_runner.journal.signers.gpg import GpgSigner
from recipe_runner.journal.store.journal import Journal
from tests.recipe_runner.journal.runs import SMALL, genesis, write_run


def test_records_come_in_order_with_their_events(run: Path, signer: GpgSigner) -> None:
    """Numbers, types, times and events are those written; a seal has no event."""
    write_run(run, signer)
    found = list(records(run))
    assert [record.n for record in found] == list(range(8))
    assert [record.type for record in found][::2] == ["genesis", "step_start", "step_end", "close"]
    assert isinstance(found[0].event, Genesis)
    assert isinstance(found[4].event, StepEnd)
    assert all((record.event is None) == (record.type == "seal") for record in found)
    assert [record.ts for record in found] == sorted(record.ts for record in found)


def test_a_journal_can_be_read_while_it_is_written(run: Path, signer: GpgSigner) -> None:
    """Reading needs no lock and stops before a line that is not whole yet."""
    with Journal.create(run, genesis(), signer) as journal:
        journal.record(SMALL[0])
        seen: list[int] = []
        reader = threading.Thread(target=lambda: seen.append(len(list(records(run)))))
        reader.start()
        reader.join()
        assert seen == [4]
        with (run / "journal.jsonl").open("ab") as file:
            file.write(b'{"half')
        assert len(list(records(run))) == 4


def test_what_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    """A missing journal and a damaged line are told apart."""
    with pytest.raises(UsageError, match="No such file"):
        next(records(tmp_path))
    (tmp_path / "journal.jsonl").write_bytes(b"hello\n")
    with pytest.raises(VerificationError, match="record 0"):
        next(records(tmp_path))
