from __future__ import annotations

import socket
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from recipe_runner.errors import UsageError
from recipe_runner.journal.witness.base import Attestation, Case, Receipt, TrustedWitness, WitnessError
from recipe_runner.journal.witness.head import Head
from recipe_runner.journal.witness.inquiry import Inquiry
from recipe_runner.journal.witness.timestamp import TimestampAuthority
from tests.recipe_runner.journal.runs import RUN
from tests.recipe_runner.journal.witness.conftest import HEAD
from tests.support.authority import Authority, serving

TSA = TimestampAuthority()
OTHER = Head(RUN, 2, 1000, "c" * 64, "b" * 64)


def judged(data: bytes, ca: Path, head: Head | None = HEAD) -> Attestation:
    """Return what one receipt says of a journal that has `head`."""
    receipt = Receipt("tsa", 2, data, "witnesses/2-tsa.tsr")
    case = Case(RUN, (receipt,), lambda _: {2: head} if head else {})
    (attestation,) = TSA.testify(TrustedWitness("tsa", ca=ca), case, Inquiry())
    return attestation


def test_a_timestamp_is_asked_for_and_counts(authority: Authority) -> None:
    """What the authority answers vouches for the journal's bytes, at a time of now."""
    with serving(lambda query: (200, authority.stamp(query))) as address:
        receipt = TSA.attest(address, HEAD, 20)
    attestation = judged(receipt, authority.ca)
    assert (attestation.outcome, attestation.records) == ("vouches", 2)
    assert attestation.time is not None
    assert abs(datetime.fromisoformat(attestation.time) - datetime.now(UTC)) < timedelta(minutes=5)


def test_an_auditor_needs_openssl_alone(authority: Authority, tmp_path: Path) -> None:
    """The receipt is over the sha256 of the bytes themselves: `openssl ts -verify -data` accepts it."""
    part = tmp_path / "part"
    part.write_bytes(b"the first lines\n")
    digest = subprocess.run(["sha256sum", str(part)], capture_output=True, text=True, check=True).stdout.split()[0]
    with serving(lambda query: (200, authority.stamp(query))) as address:
        (tmp_path / "r").write_bytes(TSA.attest(address, Head(RUN, 2, 16, digest, "b" * 64), 20))
    argv = ["openssl", "ts", "-verify", "-data", part, "-in", tmp_path / "r", "-CAfile", authority.ca]
    assert subprocess.run([str(part) for part in argv], capture_output=True, check=False).returncode == 0


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (lambda _a, _q: (500, b""), "status 500"),
        (lambda _a, _q: (404, b"<html>"), "status 404"),
        (lambda _a, _q: (200, b""), "no timestamp"),
        (lambda _a, _q: (200, b"garbage" * 100), "no timestamp"),
        (lambda _a, _q: (200, b"x" * 100_000), "more than"),
        (lambda a, q: (200, a.stamp(q)[:-20]), "no timestamp"),
        (lambda a, _q: (200, a.stamp_digest("d" * 64)), "something else"),
        (lambda a, _q: (200, a.stamp(b"no request")), "rejected"),
    ],
)
def test_an_answer_that_is_no_timestamp_is_none(
    authority: Authority, answer: Callable[[Authority, bytes], tuple[int, bytes]], why: str
) -> None:
    """Errors, refusals, garbage and timestamps of something else are failures in words, when they come."""
    with serving(lambda query: answer(authority, query)) as address, pytest.raises(WitnessError, match=why):
        TSA.attest(address, HEAD, 20)


def test_a_silent_authority_is_given_up() -> None:
    """Where nobody answers, or only listens, it fails within its limit."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        with pytest.raises(WitnessError, match="does not answer"):
            TSA.attest(f"http://127.0.0.1:{port}/", HEAD, 0.5)
    with pytest.raises(WitnessError, match="does not answer"):
        TSA.attest(f"http://127.0.0.1:{port}/", HEAD, 5)


def test_a_receipt_counts_for_nothing_else(authority: Authority, tmp_path: Path) -> None:
    """Other bytes, another root, an expired certificate, damage and garbage prove nothing; no bit moves the time."""
    good = authority.stamp_digest(HEAD.sha256)
    assert judged(good, authority.ca).outcome == "vouches"
    assert "imprint mismatch" in judged(good, authority.ca, OTHER).text
    assert "does not have 2 records" in judged(good, authority.ca, None).text
    stranger = Authority.make(tmp_path / "stranger")
    expired = Authority.make(tmp_path / "expired", days=-1)
    changed = [good[:at] + bytes([good[at] ^ 1]) + good[at + 1 :] for at in range(0, len(good), 97)]
    times = {(a.outcome, a.time) for a in (judged(data, authority.ca) for data in changed)}
    assert times <= {("silent", None), ("vouches", judged(good, authority.ca).time)}
    silent = [
        judged(good, stranger.ca),
        judged(expired.stamp_digest(HEAD.sha256), expired.ca),
        judged(b"", authority.ca),
        judged(b"garbage", authority.ca),
        *(judged(good[:cut], authority.ca) for cut in range(1, len(good), 200)),
    ]
    assert {attestation.outcome for attestation in silent} == {"silent"}
    assert "expired" in silent[1].text


def test_a_certificate_for_another_purpose_does_not_stamp(tmp_path: Path) -> None:
    """The root's other certificates, such as a server's, are no authority."""
    with pytest.raises(AssertionError, match=r"(?i)purpose|usage|timestamp"):
        Authority.make(tmp_path / "server", usage="extendedKeyUsage=serverAuth\n").stamp_digest(HEAD.sha256)


def test_without_certificates_nothing_can_be_checked(authority: Authority) -> None:
    """A policy that names no `ca` gets no attestation, but a reason."""
    case = Case(RUN, (Receipt("tsa", 2, authority.stamp_digest(HEAD.sha256)),), lambda _: {2: HEAD})
    with pytest.raises(WitnessError, match="names no `ca`"):
        list(TSA.testify(TrustedWitness("tsa"), case, Inquiry()))


@pytest.mark.parametrize("address", ["", "ftp://x", "tsa.example", "http://", "http://u:p@x/", "file:///etc/passwd"])
def test_an_authority_is_on_the_web(address: str) -> None:
    """Its address is one of http or https, without a password."""
    with pytest.raises(UsageError):
        TSA.check(address)
