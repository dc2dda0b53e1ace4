from __future__ import annotations

import os
from pathlib import Path

import pytest

from recipe_runner.engine.events import Close, Output, StepEnd, StepStart
from recipe_runner.errors import UnmetError, UsageError
from recipe_runner.journal.policy import Policy
from recipe_runner.journal.signers.gpg import GpgSigner
from recipe_runner.journal.store.journal import Journal
from recipe_runner.journal.verification.verdict import Verdict
from recipe_runner.journal.verification.verify import verify
from tests.recipe_runner.journal.runs import FULL, RUN, genesis, write_run


def test_a_run_is_verified_with_its_blobs(run: Path, signer: GpgSigner, policy: Policy) -> None:
    """A whole run is VALID, and the report names its recipe and the keys that sealed it."""
    report = verify(write_run(run, signer, FULL), policy)
    assert report.verdict is Verdict.VALID
    assert (report.facts.recipe, report.facts.recipe_sha256) == ("small.md", "d" * 64)
    assert report.facts.signers == report.facts.signing_keys == (signer.primary,)
    assert report.facts.trusted_time == "none"


@pytest.mark.parametrize("tampering", ["change", "lengthen", "empty", "remove", "link", "pipe", "directory"])
def test_a_tampered_blob_is_invalid(run: Path, signer: GpgSigner, policy: Policy, tampering: str) -> None:
    """Whatever is done to any one blob is found, without following links or waiting for pipes."""
    write_run(run, signer, FULL)
    for blob in sorted((run / "blobs").iterdir()):
        before = blob.read_bytes()
        match tampering:
            case "change":
                blob.write_bytes(before[:-1] + bytes([before[-1] ^ 1]))
            case "lengthen":
                blob.write_bytes(before + b".")
            case "empty":
                blob.write_bytes(b"")
            case _:
                blob.rename(run / "kept")
        match tampering:
            case "link":
                blob.symlink_to(run / "kept")
            case "pipe":
                os.mkfifo(blob)
            case "directory":
                blob.mkdir()
        report = verify(run, policy)
        assert report.verdict is Verdict.INVALID
        assert blob.name in " ".join(report.reasons)
        if blob.is_dir():
            blob.rmdir()
        blob.unlink(missing_ok=True)
        blob.write_bytes(before)
    assert verify(run, policy).verdict is Verdict.VALID


def test_files_that_no_record_names_do_not_matter(run: Path, signer: GpgSigner, policy: Policy) -> None:
    """Exports and leftovers beside the journal neither help nor harm."""
    write_run(run, signer)
    (run / "report.html").touch()
    (run / "blobs" / "part-0-stdout").write_bytes(b"half")
    assert verify(run, policy).verdict is Verdict.VALID


def test_nothing_is_believed_because_it_lies_in_the_run(run: Path, signer: GpgSigner) -> None:
    """A policy and a certificate put into the run's directory have no effect."""
    write_run(run, signer)
    (run / "policy.toml").write_text("policy = 1\n")
    (run / "certificate.asc").write_bytes(signer.certificate(signer.primary))
    nobody = Policy(frozenset({"F" * 40}), ())
    assert verify(run, nobody).verdict is Verdict.UNTRUSTED


def test_a_moved_run_keeps_its_verdict_under_any_name_but_another_runs(
    tmp_path: Path, signer: GpgSigner, policy: Policy
) -> None:
    """A run may be archived under another name; a name that is another run's id makes it INVALID."""
    run = write_run(tmp_path / RUN, signer)
    assert verify(run, policy).verdict is Verdict.VALID
    assert verify(run.rename(tmp_path / "evidence"), policy).verdict is Verdict.VALID
    assert verify((tmp_path / "evidence").rename(tmp_path / ("0" * 32)), policy).verdict is Verdict.INVALID


def test_a_relative_path_knows_its_name(
    tmp_path: Path, signer: GpgSigner, policy: Policy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Verifying `.` inside the run's directory is the same as naming it."""
    run = write_run(tmp_path / ("0" * 32), signer)
    monkeypatch.chdir(run)
    assert verify(Path(), policy).verdict is Verdict.INVALID


def test_what_cannot_be_read_has_no_verdict(
    run: Path, signer: GpgSigner, policy: Policy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A missing journal, a journal that is a link, and a missing gpgv are errors, not verdicts."""
    with pytest.raises(UsageError):
        verify(run, policy)
    write_run(run, signer)
    (run / "journal.jsonl").rename(run / "elsewhere")
    (run / "journal.jsonl").symlink_to(run / "elsewhere")
    with pytest.raises(UsageError):
        verify(run, policy)
    (run / "elsewhere").rename(run / "journal.jsonl")
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(UnmetError, match="gpgv"):
        verify(run, policy)


def test_many_steps_are_verified_side_by_side(run: Path, signer: GpgSigner, policy: Policy) -> None:
    """A run of fifty steps is VALID, each of its seals checked: one for a result and the intent behind it."""
    with Journal.create(run, genesis(), signer) as journal:
        for number in range(50):
            step = f"step-{number}"
            for event in (StepStart(step=step), Output(step, "stdout", b"x", 1), StepEnd(step=step)):
                journal.record(event)
        journal.record(Close(outcome="done", done=50, skipped=0, total=50))
    report = verify(run, policy)
    assert (report.verdict, report.facts.seals) == (Verdict.VALID, 53)
