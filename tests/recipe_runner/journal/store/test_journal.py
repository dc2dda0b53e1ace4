from __future__ import annotations

import errno
import hashlib
import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from recipe_runner.engine.events import (
    Abort,
    Close,
    Genesis,
    Note,
    Output,
    Recover,
    Resume,
    StepEnd,
    StepStart,
    Waiting,
)
from recipe_runner.engine.history import History
from recipe_runner.errors import IncompleteError, UnmetError, UsageError, VerificationError
from recipe_runner.journal.policy import Policy
from recipe_runner.journal.reading.read import records
from recipe_runner.journal.signers.gpg import GpgSigner
from recipe_runner.journal.store.journal import Journal
from recipe_runner.journal.verification.verdict import Verdict
from recipe_runner.journal.verification.verify import verify
from tests.recipe_runner.journal import forge
from tests.recipe_runner.journal.keyring import Keyring, keyring
from tests.recipe_runner.journal.runs import FULL, OTHER_RUN, SMALL, genesis, write_run
from tests.support.durability import Durability


class CountingSigner:
    """A real signer that also says what it signed, and can be told to refuse."""

    def __init__(self, inner: GpgSigner) -> None:
        self.primary, self.signing = inner.primary, inner.signing
        self.certificate = inner.certificate
        self.said: list[bytes] = []
        self.refuses = False
        self._inner = inner

    def sign(self, statement: bytes) -> str:
        """Sign, or refuse as gpg would."""
        if self.refuses:
            raise IncompleteError.because("gpg could not sign")
        self.said.append(statement)
        return self._inner.sign(statement)


@pytest.fixture
def counting(signer: GpgSigner) -> CountingSigner:
    """Return a counting signer."""
    return CountingSigner(signer)


def types(run: Path) -> list[str]:
    """Return the types of a journal's records, in order."""
    return [record.type for record in records(run)]


def test_a_run_appears_with_its_sealed_beginning_and_private(run: Path, signer: GpgSigner) -> None:
    """After `create` the directory holds the sealed genesis line, readable by its owner alone."""
    with Journal.create(run, genesis(), signer) as journal:
        assert types(run) == ["genesis", "seal"]
        assert journal.past == [genesis()]
        assert journal.signed_by == signer.primary
        assert (run.stat().st_mode & 0o777, (run / "blobs").stat().st_mode & 0o777) == (0o700, 0o700)
        files = [path for path in run.iterdir() if path.is_file()]
        assert all(path.stat().st_mode & 0o777 == 0o600 for path in files)
    assert [path.name for path in run.parent.iterdir()] == [run.name]
    assert forge.read(run)[0]["signer"] == {"primary": signer.primary, "signing": signer.signing}


def test_a_refused_beginning_leaves_nothing(run: Path, counting: CountingSigner) -> None:
    """When the key cannot sign the first seal, there is no run, whole or half."""
    counting.refuses = True
    with pytest.raises(IncompleteError):
        Journal.create(run, genesis(), counting)
    assert list(run.parent.iterdir()) == []


def test_a_directory_that_is_there_is_not_taken(run: Path, signer: GpgSigner) -> None:
    """A second run cannot begin where one is already."""
    write_run(run, signer)
    before = (run / "journal.jsonl").read_bytes()
    with pytest.raises(UsageError, match="there already"):
        Journal.create(run, genesis(), signer)
    assert (run / "journal.jsonl").read_bytes() == before


def test_a_journal_that_may_only_be_read_is_told_as_such(
    run: Path, signer: GpgSigner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Going on with a run on a file system that is mounted read-only is refused with the reason and a way out."""
    write_run(run, signer)

    def refuse(*_: object) -> int:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(run / "journal.jsonl"))

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(UnmetError, match=r"cannot write `.*journal.jsonl`: Read-only file system"):
        Journal.reopen(run, lambda _: signer)


def test_a_directory_that_cannot_be_made_is_an_error(tmp_path: Path, signer: GpgSigner) -> None:
    """A file in the place of the parent directory is reported, not raised."""
    (tmp_path / "runs").touch()
    with pytest.raises(IncompleteError, match="cannot write a run into"):
        Journal.create(tmp_path / "runs" / "a", genesis(), signer)


def test_intent_is_sealed_before_record_returns(run: Path, counting: CountingSigner) -> None:
    """When `record` of a `step_start` returns, the line and its seal are in the file; an observation needs no seal."""
    with Journal.create(run, genesis(), counting) as journal:
        journal.record(StepStart(step="a"))
        assert types(run) == ["genesis", "seal", "step_start", "seal"]
        assert b"why: step_start\n" in counting.said[-1]
        signed = len(counting.said)
        journal.record(FULL[0])
        journal.record(Waiting("a", "later", 1.0, 0.5))
        assert len(counting.said) == signed
        assert types(run)[-1] == "precondition"


def test_every_event_comes_back_as_it_was(run: Path, signer: GpgSigner, policy: Policy) -> None:
    """A journal with every type of record and hostile text reads back the same events, and is VALID."""
    write_run(run, signer, FULL)
    back = [record.event for record in records(run) if record.event]
    written = [event for event in FULL if not isinstance(event, Output)]
    for found, given in zip(back[1:], written, strict=True):
        if isinstance(found, StepEnd) and isinstance(given, StepEnd):
            assert (found.outputs, found.item, found.outcome) == (given.outputs, given.item, given.outcome)
        else:
            assert found == given
    assert verify(run, policy).verdict is Verdict.VALID


def test_the_output_of_sub_runs_is_kept_apart(run: Path, signer: GpgSigner) -> None:
    """Two sub-runs that write at the same time have blobs of their own, named where each ends."""
    write_run(run, signer, FULL)
    ends = {record.event.item: record.event for record in records(run) if isinstance(record.event, StepEnd)}
    with Journal.reopen(run, lambda _: signer) as journal:
        assert journal.blob(ends["one"].blobs["stdout"]["sha256"]) == b"\x1b[31mone\n"
        assert journal.blob(ends["one"].blobs["state"]["sha256"]) == b"state"
        assert journal.blob(ends["two"].blobs["stderr"]["sha256"]) == b"two\n"
    assert sorted(ends["one"].blobs) == ["state", "stdout", "timing"]


def test_an_unsigned_run_says_so(run: Path, policy: Policy) -> None:
    """Without a signer there are no seals, genesis says that, and the verdict is UNTRUSTED."""
    write_run(run, None)
    assert "seal" not in types(run)
    assert (forge.read(run)[0]["sealing"], forge.read(run)[0]["signer"]) == ("none", None)
    report = verify(run, policy)
    assert report.verdict is Verdict.UNTRUSTED
    assert any("unsigned" in reason for reason in report.reasons)
    with Journal.reopen(run, lambda named: None if named is None else pytest.fail("a signer is named")) as journal:
        assert journal.signed_by is None


def test_genesis_names_the_head_of_the_run_before(tmp_path: Path, signer: GpgSigner) -> None:
    """The first run of a directory has no predecessor; the next one is linked to its last line."""
    first = write_run(tmp_path / "one", signer)
    second = write_run(tmp_path / "two", signer, first=genesis(OTHER_RUN))
    last = (first / "journal.jsonl").read_bytes().splitlines(keepends=True)[-1]
    assert forge.read(first)[0]["prev_run"] is None
    assert forge.read(second)[0]["prev_run"]["head"] == hashlib.sha256(last).hexdigest()


def test_a_run_goes_on_where_it_was_left(run: Path, signer: GpgSigner, policy: Policy) -> None:
    """A reopened journal knows its past, goes on in the same chain and ends VALID."""
    write_run(run, signer, SMALL[:-1])
    with Journal.reopen(run, lambda named: signer if named == signer.signing else None) as journal:
        assert History.of(journal.past).track("a").status == "done"
        assert not any(isinstance(event, Recover) for event in journal.past)
        journal.record(Resume(session=2))
        journal.record(SMALL[-1])
    assert verify(run, policy).verdict is Verdict.VALID
    assert forge.read(run)[-4]["signer"] == {"primary": signer.primary, "signing": signer.signing}


def test_another_key_may_go_on_and_is_named(run: Path, signer: GpgSigner, keys: Keyring, policy: Policy) -> None:
    """A second person resumes with a key of their own; the policy must allow both."""
    write_run(run, signer, SMALL[:-1])
    other = keys.signer(keys.make("Second <second@x.example>"))
    with Journal.reopen(run, lambda _: other) as journal:
        journal.record(Resume(session=2))
        journal.record(SMALL[-1])
    assert verify(run, policy).verdict is Verdict.UNTRUSTED
    certificates = (*policy.certificates, other.certificate(other.primary))
    both = Policy(policy.primaries | {other.primary}, certificates)
    report = verify(run, both)
    assert (report.verdict, report.facts.signers) == (Verdict.VALID, (signer.primary, other.primary))


def test_a_sealed_run_does_not_go_on_unsealed(run: Path, signer: GpgSigner) -> None:
    """Leaving the key out on resume is refused, and the lock is given back."""
    write_run(run, signer, SMALL[:-1])
    for _ in range(2):
        with pytest.raises(UnmetError, match="goes on with a key"):
            Journal.reopen(run, lambda _: None)


def test_a_torn_line_is_set_aside_and_recorded(run: Path, signer: GpgSigner, policy: Policy) -> None:
    """Bytes behind the last seal go to a file of their own, named with size and sha256 in a sealed record."""
    write_run(run, signer, SMALL[:-1])
    whole = (run / "journal.jsonl").read_bytes()
    tail = b'{"attempt":1,"blo'
    (run / "journal.jsonl").write_bytes(whole + tail)
    with Journal.reopen(run, lambda _: signer) as journal:
        recover = journal.past[-1]
        assert recover == Recover(
            size=len(tail),
            sha256=hashlib.sha256(tail).hexdigest(),
            file=f"set-aside-{hashlib.sha256(tail).hexdigest()}",
        )
        assert (run / recover.file).read_bytes() == tail
        journal.record(SMALL[-1])
    assert (run / "journal.jsonl").read_bytes().startswith(whole)
    report = verify(run, policy)
    assert (report.verdict, report.facts.set_aside) == (Verdict.VALID, 1)
    (run / recover.file).write_bytes(tail + b".")
    assert verify(run, policy).verdict is Verdict.INVALID


def test_a_record_that_somebody_added_without_the_key_does_not_count(run: Path, signer: GpgSigner) -> None:
    """A forged end of a step, chained correctly but without a seal, is set aside: the step has not ended."""
    write_run(run, signer, SMALL[:1])
    taken = forge.read(run)
    forged = {**taken[2], "t": "step_end", "outcome": "ok"}
    del forged["command"], forged["digest"], forged["kind"]
    forge.write(run, forge.chained([*taken, forged]))
    with Journal.reopen(run, lambda _: signer) as journal:
        assert History.of(journal.past).track("a").status == "unknown"
        assert isinstance(journal.past[-1], Recover)


def test_a_journal_signed_by_a_stranger_does_not_go_on(run: Path, signer: GpgSigner) -> None:
    """Whoever replaces the whole journal needs a key that the operator's keyring knows."""
    with keyring() as elsewhere:
        write_run(run, elsewhere.signer(elsewhere.make("Stranger <s@x.example>")), SMALL[:-1])
        with pytest.raises(UnmetError, match="no certificate"):
            Journal.reopen(run, lambda _: signer)


def test_a_damaged_journal_does_not_go_on(run: Path, signer: GpgSigner) -> None:
    """One changed byte before the last seal stops a resume, and nothing is written."""
    write_run(run, signer, SMALL[:-1])
    whole = bytearray((run / "journal.jsonl").read_bytes())
    for place in (5, len(whole) // 2, len(whole) - 20):
        changed = bytes(whole[:place]) + bytes([whole[place] ^ 1]) + bytes(whole[place + 1 :])
        (run / "journal.jsonl").write_bytes(changed)
        with pytest.raises(VerificationError, match="damaged"):
            Journal.reopen(run, lambda _: signer)
        assert (run / "journal.jsonl").read_bytes() == changed


def test_a_run_that_is_over_stays_as_it_is(run: Path, signer: GpgSigner, policy: Policy) -> None:
    """A closed run can be looked at, but nothing more is recorded in it, not even what was appended to the file."""
    write_run(run, signer)
    with (run / "journal.jsonl").open("ab") as file:
        file.write(b"more")
    before = (run / "journal.jsonl").read_bytes()
    with Journal.reopen(run, lambda _: signer) as journal:
        assert isinstance(journal.past[-1], Close)
        with pytest.raises(IncompleteError, match="over"):
            journal.record(Note(text="afterwards"))
    assert (run / "journal.jsonl").read_bytes() == before
    assert verify(run, policy).verdict is Verdict.INCOMPLETE


def test_a_second_runner_is_refused(run: Path, signer: GpgSigner) -> None:
    """While one process writes, another is told which, and changes nothing."""
    with Journal.create(run, genesis(), signer):
        before = (run / "journal.jsonl").read_bytes()
        with pytest.raises(UnmetError, match=str(os.getpid())):
            Journal.reopen(run, lambda _: signer)
        assert (run / "journal.jsonl").read_bytes() == before
    Journal.reopen(run, lambda _: signer).close()


@pytest.mark.parametrize("content", [None, b"", b"{", b"hello\n"])
def test_what_is_no_run_is_refused(tmp_path: Path, signer: GpgSigner, content: bytes | None) -> None:
    """A missing, empty or foreign journal is an error in words, and nothing is added to the directory."""
    if content is not None:
        (tmp_path / "journal.jsonl").write_bytes(content)
    with pytest.raises((UsageError, VerificationError)):
        Journal.reopen(tmp_path, lambda _: signer)
    left = {path.name for path in tmp_path.iterdir()} - {"lock"}
    assert left == ({"journal.jsonl"} if content is not None else set())


def test_a_key_that_fails_in_mid_run_writes_nothing(run: Path, counting: CountingSigner, policy: Policy) -> None:
    """A record whose seal cannot be made is not in the file at all, and the run goes on once the key is back."""
    with Journal.create(run, genesis(), counting) as journal:
        before = (run / "journal.jsonl").read_bytes()
        counting.refuses = True
        with pytest.raises(IncompleteError, match="could not sign"):
            journal.record(StepStart(step="a"))
        assert (run / "journal.jsonl").read_bytes() == before
    counting.refuses = False
    with Journal.reopen(run, lambda _: counting) as journal:
        for event in SMALL:
            journal.record(event)
    assert verify(run, policy).verdict is Verdict.VALID


def test_bytes_that_are_no_text_can_be_recorded(run: Path, signer: GpgSigner, policy: Policy) -> None:
    """An output that is not UTF-8 is recorded with replacement characters instead of stopping the run."""
    with Journal.create(run, genesis(), signer) as journal:
        journal.record(StepStart(step="a"))
        journal.record(StepEnd(step="a", outputs={"name": "caf\udce9"}))
        journal.record(SMALL[-1])
    ends = [record.event for record in records(run) if isinstance(record.event, StepEnd)]
    assert ends[0].outputs == {"name": "caf\ufffd"}
    assert verify(run, policy).verdict is Verdict.VALID


def test_a_record_too_long_for_a_line_is_refused_whole(run: Path, signer: GpgSigner) -> None:
    """A record beyond the cap is an error that names its type; the journal stays as it was and can go on."""
    with Journal.create(run, genesis(), signer) as journal:
        before = (run / "journal.jsonl").read_bytes()
        with pytest.raises(IncompleteError, match="`note`"):
            journal.record(Note(text="x" * 300_000))
        assert (run / "journal.jsonl").read_bytes() == before
        journal.record(Note(text="short"))


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Mount a file system of one megabyte, or skip where that is not allowed."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "none", str(place)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("mounting is not permitted here")
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True)


def test_a_full_disk_ends_with_an_abort_and_can_be_resumed(small_disk: Path, signer: GpgSigner, policy: Policy) -> None:
    """When output fills the disk, the error says so, `abort` goes into the reserve, and the run goes on later."""
    run = small_disk / "a-run"
    with Journal.create(run, genesis(), signer) as journal:
        journal.record(StepStart(step="a"))
        with pytest.raises(IncompleteError, match="No space left on device"):
            journal.record(Output("a", "stdout", b"x" * 2_000_000, 1))
        with pytest.raises(IncompleteError, match="No space left on device"):
            journal.record(StepEnd(step="a"))
    assert types(run) == ["genesis", "seal", "step_start", "seal", "abort", "seal"]
    aborts = [record.event for record in records(run) if isinstance(record.event, Abort)]
    assert "No space left on device" in aborts[0].reason
    assert verify(run, policy).verdict is Verdict.INCOMPLETE
    for part in (run / "blobs").glob("part-*"):
        part.unlink()
    with Journal.reopen(run, lambda _: signer) as journal:
        assert History.of(journal.past).track("a").status == "unknown"
        journal.record(Resume(session=2))
        journal.record(Close(outcome="abandoned", done=0, skipped=0, total=1))
    assert verify(run, policy).verdict is Verdict.VALID


def test_a_disk_too_full_to_begin_leaves_nothing(small_disk: Path, signer: GpgSigner) -> None:
    """Without room for the reserve the run does not begin."""
    (small_disk / "ballast").write_bytes(b"x" * 1020 * 1024)
    with pytest.raises(IncompleteError, match="No space left on device"):
        Journal.create(small_disk / "a-run", genesis(), signer)
    assert [path.name for path in small_disk.iterdir()] == ["ballast"]


def test_genesis_is_what_the_engine_made(run: Path, signer: GpgSigner) -> None:
    """The first record is the engine's event, with only the journal's own fields added."""
    write_run(run, signer)
    first = next(iter(records(run))).event
    assert isinstance(first, Genesis)
    assert first == genesis()
    assert set(json.loads((run / "journal.jsonl").read_bytes().split(b"\n")[0])) >= {"sealing", "signer", "prev_run"}


def test_a_run_appears_with_its_documents(tmp_path: Path) -> None:
    """What `genesis` names by its sha256 is there from the first moment, so that no crash leaves a run without it."""
    run = tmp_path / "run"
    with Journal.create(run, genesis(), None, [b"# One", b"# Two"]) as journal:
        assert [journal.blob(hashlib.sha256(data).hexdigest()) for data in (b"# One", b"# Two")] == [b"# One", b"# Two"]


def test_what_is_acknowledged_outlives_a_loss_of_power(
    run: Path, signer: GpgSigner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run, and each record that is not owed a seal, are synced before the call that makes them returns."""
    seen = Durability.watched(monkeypatch)
    with Journal.create(run, genesis(), signer, [b"recipe"]) as journal:
        assert seen.lost() == []
        assert seen.holds(run / "journal.jsonl")
        for event in SMALL:
            journal.record(event)
            assert seen.holds(run / "journal.jsonl") or (journal.owes and isinstance(event, StepEnd))
    assert seen.holds(run / "journal.jsonl")
    assert seen.lost() == []
