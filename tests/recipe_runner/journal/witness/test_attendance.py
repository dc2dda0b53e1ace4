from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from recipe_runner.errors import UnmetError
from recipe_runner.journal.witness.attendance import Attendance
from recipe_runner.journal.witness.base import Attestation, Case, TrustedWitness
from recipe_runner.journal.witness.head import Head
from recipe_runner.journal.witness.inquiry import Inquiry
from recipe_runner.journal.witness.table import Appointed
from tests.recipe_runner.journal.witness.conftest import HEAD


@dataclass(eq=False)
class Scripted:
    """A witness that answers as it is told to, once it is released."""

    answer: bytes | Exception
    released: threading.Event = field(default_factory=threading.Event)
    suffix: ClassVar[str] = ".txt"

    def check(self, address: str) -> None:
        pass

    def attest(self, address: str, head: Head, limit: float) -> bytes:
        self.released.wait(60)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    def testify(self, trusted: TrustedWitness, case: Case, inquiry: Inquiry) -> Iterable[Attestation]:
        return ()


def attendance(*witnesses: Scripted, limit: float = 30) -> Attendance:
    """Appoint witnesses, each at an address of its own."""
    return Attendance([Appointed("git", f"x{n}", witness) for n, witness in enumerate(witnesses)], limit=limit)


def test_nobody_waits_for_a_witness_until_the_end(tmp_path: Path) -> None:
    """What has not been answered yet is not waited for; at the end it is, and its receipt is stored."""
    slow = Scripted(b"seen")
    called = attendance(slow)
    called.call(HEAD)
    assert list(called.arrived(tmp_path)) == []
    slow.released.set()
    (witnessed,) = called.awaited(tmp_path)
    assert (witnessed.outcome, witnessed.records, witnessed.receipt["file"]) == ("attested", 2, "witnesses/2-git.txt")
    assert (tmp_path / witnessed.receipt["file"]).read_bytes() == b"seen"
    assert list(called.awaited(tmp_path)) == []


def test_a_witness_that_takes_too_long_was_absent(tmp_path: Path) -> None:
    """After its limit a witness counts as absent, and an answer that comes later is dropped."""
    slow = Scripted(b"seen")
    called = attendance(slow, limit=0.05)
    called.call(HEAD)
    (witnessed,) = called.awaited(tmp_path)
    assert (witnessed.outcome, witnessed.detail) == ("failed", "no answer within 0.05 s")
    slow.released.set()
    for thread in threading.enumerate():
        if thread.name == "witness-git":
            thread.join(60)
    assert list(called.arrived(tmp_path)) == []
    assert not (tmp_path / "witnesses").exists()


def test_whatever_a_witness_does_is_a_failure_in_words(tmp_path: Path) -> None:
    """Our errors, foreign ones, and receipts without end are recorded in one line, cut short."""
    faults: list[bytes | Exception] = [UnmetError.because("refused\x1b[31m"), ValueError("x" * 10_000), b"x" * 100_000]
    scripted = [Scripted(fault) for fault in faults]
    for witness in scripted:
        witness.released.set()
    called = attendance(*scripted)
    called.call(HEAD)
    found = sorted(called.awaited(tmp_path), key=lambda witnessed: witnessed.address)
    assert [witnessed.outcome for witnessed in found] == ["failed"] * 3
    assert found[0].detail == "refused\\u{1b}[31m"
    assert found[1].detail.startswith("ValueError: xxx")
    assert len(found[1].detail) <= 500
    assert "more than" in found[2].detail


def test_a_receipt_that_cannot_be_stored_is_said(tmp_path: Path) -> None:
    """Where the run's directory refuses it, the witness has failed; nothing is raised."""
    (tmp_path / "witnesses").write_text("in the way")
    witness = Scripted(b"seen")
    witness.released.set()
    called = attendance(witness)
    called.call(HEAD)
    (witnessed,) = called.awaited(tmp_path)
    assert witnessed.outcome == "failed"
    assert "could not be stored" in witnessed.detail
