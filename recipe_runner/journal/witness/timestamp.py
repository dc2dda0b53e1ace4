"""`tsa`: a time-stamping authority (RFC 3161) says that the journal's bytes existed at a time. Driven through openssl.

What is stamped is the sha256 of the journal's first lines, so that an auditor needs `head` and `openssl ts` alone.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import ClassVar

from recipe_runner.engine.preconditions.probe import Answer, ask
from recipe_runner.engine.preconditions.web import Post, fetch
from recipe_runner.engine.preconditions.web import address as web_address
from recipe_runner.engine.preconditions.world import World
from recipe_runner.errors import RecipeError, UsageError
from recipe_runner.gpgv import CLOCK_SKEW_SECONDS
from recipe_runner.journal.witness.base import Attestation, Case, Receipt, TrustedWitness, WitnessError
from recipe_runner.journal.witness.head import Head
from recipe_runner.journal.witness.inquiry import Inquiry
from recipe_runner.journal.witness.receipts import RECEIPT_CAP
from recipe_runner.sanitise import line

QUERY = "application/timestamp-query"
OK = 200
STATUS = re.compile(r"^Status: (.*)\.$", re.MULTILINE)
REASON = re.compile(r"^(?:Status description|Failure info): (.*)$", re.MULTILINE)
IMPRINT = re.compile(r"^Message data:\n((?:    [0-9a-f]{4} - .*\n)+)", re.MULTILINE)
TIME = re.compile(r"^Time stamp: (.*)$", re.MULTILINE)
WRITTEN = re.compile(r"([A-Z][a-z]{2}) +(\d+) (\d\d:\d\d:\d\d)(?:\.\d+)? (\d{4}) GMT")
GRANTED = frozenset({"Granted", "Granted with modifications"})
CHECK_SECONDS = 25.0


class TimestampAuthority:
    """Any authority that speaks RFC 3161 over HTTP."""

    suffix: ClassVar[str] = ".tsr"

    def check(self, address: str) -> None:
        """Accept addresses of the web."""
        try:
            web_address(address)
        except ValueError as error:
            raise UsageError.because(str(error), hint="write tsa=https://…") from error

    def attest(self, address: str, head: Head, limit: float) -> bytes:
        """Ask for a timestamp of the sha256 of the journal so far and return the response, DER.

        Whether the authority is one to trust is for a policy to say; here the response must be one to this request.
        """
        query = _openssl("-query", "-digest", head.sha256, "-sha256", "-cert", limit=limit).stdout
        try:
            answer = fetch(address, timeout=limit, follow=False, post=Post(query, QUERY))
        except RecipeError as error:
            raise WitnessError(*error.diagnostics) from error
        if answer.status != OK:
            raise WitnessError.because(f"the authority answered with status {answer.status} instead of {OK}")
        if len(answer.body) > RECEIPT_CAP:
            raise WitnessError.because(f"the authority's answer has more than {RECEIPT_CAP} bytes")
        _check_answer(answer.body, head, limit)
        return answer.body

    def testify(self, trusted: TrustedWitness, case: Case, inquiry: Inquiry) -> Iterable[Attestation]:
        """Check each receipt against the journal's bytes and the certificates of the policy; nobody is asked."""
        del inquiry
        if trusted.ca is None:
            raise WitnessError.because(
                "the policy names no `ca` for the timestamps", hint="add the authority's certificate: ca = FILE"
            )
        heads = case.heads(receipt.records for receipt in case.receipts)
        for receipt in case.receipts:
            yield _judged(receipt, heads.get(receipt.records), trusted.ca, case.named.get(receipt.name))


def _judged(receipt: Receipt, head: Head | None, ca: Path, named_by: int | None) -> Attestation:
    def silent(why: str) -> Attestation:
        return Attestation("tsa", "silent", f"`{receipt.name}`: {why}", records=receipt.records)

    if head is None:
        return silent(f"the journal does not have {receipt.records} records")
    answer = _openssl(
        "-verify", "-digest", head.sha256, "-in", "/dev/stdin", "-CAfile", str(ca), stdin=receipt.data, fails=True
    )
    if answer.code != 0 or b"Verification: OK" not in answer.stdout + answer.stderr:
        return silent(_complaint(answer.stderr))
    moment = _time(_text(receipt.data, CHECK_SECONDS))
    if moment is None:
        return silent("its time cannot be read")
    if moment - datetime.now(UTC) > timedelta(seconds=CLOCK_SKEW_SECONDS):
        return silent(f"it is dated in the future: {moment:%Y-%m-%d %H:%M:%S} UTC")
    later = f"; what stands behind record {named_by}, which names it, was written later" if named_by is not None else ""
    return Attestation(
        "tsa",
        "vouches",
        f"`{receipt.name}` is a timestamp by an authority that the policy trusts{later}",
        records=receipt.records,
        time=f"{moment:%Y-%m-%dT%H:%M:%SZ}",
    )


def _check_answer(reply: bytes, head: Head, limit: float) -> None:
    said = _text(reply, limit)
    status = STATUS.search(said)
    if status is None or status[1] not in GRANTED:
        why = "; ".join(reason for reason in REASON.findall(said) if reason != "unspecified")
        granted = status[1].lower() if status else "an answer that is no timestamp"
        raise WitnessError.because(
            f"the authority gave no timestamp: {line(granted)}{f' ({line(why)})' if why else ''}"
        )
    if _imprint(said) != head.sha256:
        raise WitnessError.because("the authority has stamped something else than it was asked to")


def _text(reply: bytes, limit: float) -> str:
    """Return a response as openssl prints it."""
    answer = _openssl("-reply", "-in", "/dev/stdin", "-text", stdin=reply, fails=True, limit=limit)
    return answer.stdout.decode("ascii", "replace") if answer.code == 0 else ""


def _imprint(said: str) -> str:
    found = IMPRINT.search(said)
    rows = found[1].splitlines() if found else []
    return "".join(re.sub(r"[ -]", "", row[11:58]) for row in rows)


def _time(said: str) -> datetime | None:
    """Return the one time in a timestamp's text, which openssl writes as in `Nov 25 20:08:49 2026 GMT`."""
    match TIME.findall(said):
        case [str(text)] if found := WRITTEN.fullmatch(text):
            try:
                return datetime.strptime(f"{' '.join(found.groups())} +0000", "%b %d %H:%M:%S %Y %z")
            except ValueError:
                return None
    return None


def _complaint(said: bytes) -> str:
    """Return what openssl finds wrong, without its places in the source."""
    for row in said.decode("utf-8", "replace").splitlines():
        if ":error:" in row:
            reason, _, detail = row.split(":error:", 1)[1].split(":", 2)[-1].partition(":../")
            more = detail.split(":", 2)[-1] if detail.count(":") > 1 else ""
            return line(f"openssl says `{reason}`{f' ({more})' if more.strip() else ''}")
    return "openssl cannot verify it"


def _openssl(*arguments: str, stdin: bytes = b"", fails: bool = False, limit: float = CHECK_SECONDS) -> Answer:
    """Run `openssl ts` without the machine's settings; raises WitnessError where it cannot be run, or fails."""
    environ = {**os.environ, "OPENSSL_CONF": "/dev/null"}
    try:
        answer = ask(["openssl", "ts", *arguments], World(environ, Path("/")), stdin=stdin, limit=limit)
    except RecipeError as error:
        raise WitnessError(*error.diagnostics) from error
    if answer.code != 0 and not fails:
        raise WitnessError.because(f"openssl failed: {line(answer.last_line())}")
    return answer
