from __future__ import annotations

from pathlib import Path

import pytest

from recipe_runner.engine.events import Close, Genesis, StepStart
from recipe_runner.errors import VerificationError
from recipe_runner.journal.records.sealing import EVERY, NONE
from recipe_runner.journal.signers.gpg import GpgSigner
from recipe_runner.journal.store.survey import survey
from tests.recipe_runner.journal import forge
from tests.recipe_runner.journal.runs import FULL, RUN, write_run


@pytest.fixture
def lines(run: Path, signer: GpgSigner) -> list[bytes]:
    """Return the raw lines of a whole sealed journal."""
    return (write_run(run, signer) / "journal.jsonl").read_bytes().splitlines(keepends=True)


def test_a_whole_journal_counts_to_its_end(lines: list[bytes], signer: GpgSigner) -> None:
    """Events, chain, signer and the last seal are found, and nothing is left over."""
    found = survey(lines)
    assert (found.run, found.cadence.sealing, found.tail) == (RUN, EVERY, b"")
    assert [type(found.past[0]), type(found.past[-1])] == [Genesis, Close]
    assert (found.chain.records, found.chain.size) == (len(lines), sum(map(len, lines)))
    assert found.signer is not None
    assert found.signer.primary == signer.primary
    assert found.seal is not None
    assert b"why: close\n" in found.seal.statement


@pytest.mark.parametrize("kept", range(2, 8))
def test_only_what_is_sealed_counts(lines: list[bytes], kept: int) -> None:
    """Whole lines behind the last seal are handed back with a torn one, byte for byte."""
    found = survey([*lines[:kept], b'{"torn'])
    sealed = kept - kept % 2
    assert found.chain.records == sealed
    assert found.tail == b"".join(lines[sealed:kept]) + b'{"torn'
    assert len(found.past) == sealed // 2


def test_in_an_unsigned_run_every_whole_line_counts(run: Path) -> None:
    """Without seals, only the torn line is left over."""
    lines = (write_run(run, None) / "journal.jsonl").read_bytes().splitlines(keepends=True)
    found = survey([*lines[:2], lines[2][:-1]])
    assert (found.cadence.sealing, found.signer, found.seal) == (NONE, None, None)
    assert isinstance(found.past[-1], StepStart)
    assert found.tail == lines[2][:-1]


def test_observations_wait_for_the_next_seal(run: Path, signer: GpgSigner) -> None:
    """A precondition counts once a seal stands behind it, and not before."""
    lines = (write_run(run, signer, FULL) / "journal.jsonl").read_bytes().splitlines(keepends=True)
    assert forge.read(run)[2]["t"] == "precondition"
    assert len(survey(lines[:3]).past) == 1
    assert len(survey(lines[:5]).past) == 3


@pytest.mark.parametrize("lines_kept", [0, 1])
def test_without_a_sealed_beginning_there_is_no_run(lines: list[bytes], lines_kept: int) -> None:
    """An empty journal, or one whose first record has no seal, cannot go on."""
    with pytest.raises(VerificationError, match="no whole first record"):
        survey(lines[:lines_kept])


@pytest.mark.parametrize("place", range(8))
def test_a_damaged_line_is_named(lines: list[bytes], place: int) -> None:
    """A whole line that does not fit stops everything, and its number is told."""
    damaged = lines[place].replace(b'"n":', b'"n": ')
    with pytest.raises(VerificationError, match=f"damaged at record {place}"):
        survey([*lines[:place], damaged, *lines[place + 1 :]])


@pytest.mark.parametrize(
    ("place", "wrong"),
    [
        (0, {"steps": {}}),
        (0, {"params": ["serial"]}),
        (1, {"step": ["a"]}),
        (1, {"attempt": "1"}),
        (2, {"outputs": "none"}),
        (2, {"blobs": {"state": "../../etc/passwd"}}),
        (3, {"more": 1}),
    ],
)
def test_nobody_vouches_for_the_form_of_an_unsigned_run(run: Path, place: int, wrong: dict[str, object]) -> None:
    """A record that does not have the form of its type is damage, and goes no further."""
    records = forge.read(write_run(run, None))
    records[place] |= wrong
    with pytest.raises(VerificationError, match=f"damaged at record {place}"):
        survey([forge.raw(record) for record in forge.chained(records)])


def test_seals_must_say_what_stands_before_them(lines: list[bytes]) -> None:
    """A seal moved to another place, and records that do not follow each other, are damage."""
    for wrong in ([*lines[:3], lines[1]], [*lines[:2], *lines[4:]], [*lines, lines[1]]):
        with pytest.raises(VerificationError, match="damaged"):
            survey(wrong)
