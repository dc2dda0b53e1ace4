"""`s3`: a witness that keeps each head as an object under S3's lock, which nobody can take away before its time.

The lock is of mode COMPLIANCE: until the date that it names, not even the account's owner deletes the object's version.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self
from urllib.parse import parse_qs, urlsplit

from builders.publish.cloud import Cloud
from builders.publish.faults import CloudFault, diagnose
from recipe_runner.errors import RecipeError, UsageError
from recipe_runner.journal.witness.base import Attestation, Case, TrustedWitness, WitnessError
from recipe_runner.journal.witness.head import STATEMENT_CAP, Head
from recipe_runner.journal.witness.inquiry import Inquiry
from recipe_runner.journal.witness.statements import compared
from recipe_runner.sanitise import line

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

MODE: Literal["COMPLIANCE"] = "COMPLIANCE"
DAYS = 365
"""For how long an object is locked unless the address says otherwise."""
BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
PREFIX = re.compile(r"[A-Za-z0-9!_.*'()/-]*")
VERSIONS_CAP = 1000


class ObjectLock:
    """A versioned bucket with object lock; endpoint and credentials are those that every tool for AWS reads."""

    suffix: ClassVar[str] = ".txt"

    def check(self, address: str) -> None:
        """Accept `s3://BUCKET/PREFIX`, with `?days=N` behind it."""
        _Shelf.of(address)

    def attest(self, address: str, head: Head, limit: float) -> bytes:
        """Put the statement under lock, read it back, and return it with the object's place and version.

        Raises WitnessError unless what was read is that statement, in mode COMPLIANCE, for all of the time asked for.
        """
        shelf = _Shelf.of(address)
        key = shelf.key(head)
        until = datetime.now(UTC).replace(microsecond=0) + timedelta(days=shelf.days)
        with _asked() as s3:
            put = s3.put_object(
                Bucket=shelf.bucket,
                Key=key,
                Body=head.statement(),
                ContentType="text/plain",
                ChecksumAlgorithm="SHA256",
                ObjectLockMode=MODE,
                ObjectLockRetainUntilDate=until,
            )
            version = put.get("VersionId", "")
            kept: Mapping[str, Any] = {}
            if version:
                kept = s3.get_object(Bucket=shelf.bucket, Key=key, VersionId=version)
            why = _unlocked(kept) or _departs(kept, head, until)
        if why:
            raise WitnessError.because(
                f"the object `{line(key)}` is not under lock: {why}", hint="make the bucket with object lock enabled"
            )
        return head.statement() + f"bucket: {shelf.bucket}\nkey: {key}\nversion: {line(version)}\n".encode()

    def testify(self, trusted: TrustedWitness, case: Case, inquiry: Inquiry) -> Iterable[Attestation]:
        """Read every version of every statement about the run; only those count whose lock is in force."""
        if trusted.address is None:
            raise WitnessError.because("the policy names no `address` of the bucket", hint="add address = s3://…")
        shelf = _Shelf.of(trusted.address)
        counting: list[bytes] = []
        s3 = inquiry.once(f"s3 at {trusted.address}", shelf, shelf.reached)
        with _complaining():
            for key, version in shelf.versions(s3, case.run):
                kept = s3.get_object(Bucket=shelf.bucket, Key=key, VersionId=version)
                if why := _unlocked(kept):
                    yield Attestation(
                        "s3", "silent", f"version {line(version)} of `{line(key)}`: {why}", trusted.address
                    )
                else:
                    counting.append(kept["Body"].read(STATEMENT_CAP + 1))
        yield from compared("s3", trusted.address, counting, case)


@dataclass(frozen=True, slots=True)
class _Shelf:
    """Where the objects are, and for how long each is locked."""

    bucket: str
    prefix: str
    days: int

    @classmethod
    def of(cls, address: str) -> Self:
        try:
            parts = urlsplit(address)
            query = parse_qs(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query))
            days = int(query.pop("days", [str(DAYS)])[0])
        except ValueError:
            days, query, parts = 0, {}, urlsplit("")
        prefix = parts.path.strip("/")
        if (
            parts.scheme != "s3"
            or parts.fragment
            or query
            or not 1 <= days <= 36_500  # noqa: PLR2004 (a century)
            or not BUCKET.fullmatch(parts.netloc)
            or not PREFIX.fullmatch(prefix)
        ):
            raise UsageError.because(
                f"`{line(address)}` names no place in S3",
                hint="write s3=s3://BUCKET/PREFIX or s3=s3://BUCKET/PREFIX?days=N",
            )
        return cls(parts.netloc, f"{prefix}/" if prefix else "", days)

    def key(self, head: Head) -> str:
        return f"{self.prefix}{head.run}/{head.records}"

    def reached(self, _: ExitStack) -> S3Client:
        """Return a client that has reached the bucket; raises WitnessError."""
        with _asked() as s3:
            s3.list_object_versions(Bucket=self.bucket, Prefix=self.prefix, MaxKeys=1)
            return s3

    def versions(self, s3: S3Client, run: str) -> Iterator[tuple[str, str]]:
        """Yield key and version of each object about a run; raises WitnessError where there are too many to read."""
        pages = s3.get_paginator("list_object_versions").paginate(Bucket=self.bucket, Prefix=f"{self.prefix}{run}/")
        count = 0
        for page in pages:
            for version in page.get("Versions", []):
                count += 1
                if count > VERSIONS_CAP:
                    raise WitnessError.because(f"the bucket has more than {VERSIONS_CAP} statements about this run")
                yield version["Key"], version["VersionId"]


@contextmanager
def _asked() -> Iterator[S3Client]:
    """Give a client, and turn what it raises into ours."""
    with _complaining():
        yield Cloud().s3()


@contextmanager
def _complaining() -> Iterator[None]:
    """Turn what a client raises into ours."""
    try:
        yield
    except CloudFault as fault:
        raise WitnessError(*diagnose(fault)) from fault
    except RecipeError as error:
        raise WitnessError(*error.diagnostics) from error


def _departs(kept: Mapping[str, Any], head: Head, until: datetime) -> str:
    """Say how a locked object departs from what was put there; nothing where it does not."""
    found = kept["ObjectLockRetainUntilDate"]
    if found < until:
        return f"its lock ends at {_moment(found)}, and not at {_moment(until)}"
    return "" if kept["Body"].read(STATEMENT_CAP + 1) == head.statement() else "it holds something else"


def _moment(when: datetime) -> str:
    return f"{when.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _unlocked(kept: Mapping[str, Any]) -> str:
    """Say why an object's lock does not count; nothing where it does."""
    mode, until = kept.get("ObjectLockMode"), kept.get("ObjectLockRetainUntilDate")
    if mode is None or until is None:
        return "it has no lock"
    if mode != MODE:
        return f"its lock is of mode {line(mode)}, not {MODE}"
    if until <= datetime.now(UTC):
        return f"its lock ended at {_moment(until)}"
    return ""
