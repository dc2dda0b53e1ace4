from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import boto3
import pytest

from builders.publish.witness import ObjectLock
from recipe_runner.errors import UsageError
from recipe_runner.journal.witness.base import Attestation, Case, TrustedWitness, WitnessError
from recipe_runner.journal.witness.head import Head
from recipe_runner.journal.witness.inquiry import Inquiry
from tests.recipe_runner.journal.runs import RUN
from tests.recipe_runner.journal.witness.conftest import HEAD
from tests.support.cloud import fresh_cloud

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

S3 = ObjectLock()
KEPT = "s3://kept/runs"
KEY = f"runs/{RUN}/2"
REWRITTEN = Head(RUN, 2, 1000, "e" * 64, "f" * 64)


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[S3Client]:
    """Serve a cloud with the bucket `kept`, which has object lock, and the bucket `plain`, which has not."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "x")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with fresh_cloud() as (address, _):
        monkeypatch.setenv("AWS_ENDPOINT_URL", address)
        client = boto3.client("s3")
        client.create_bucket(Bucket="kept", ObjectLockEnabledForBucket=True)
        client.create_bucket(Bucket="plain")
        yield client


def asked(*journal: Head, address: str = KEPT) -> list[Attestation]:
    """Return what the bucket says of a journal that has these heads."""
    known = {head.records: head for head in journal}
    case = Case(RUN, (), lambda marks: {mark: known[mark] for mark in marks if mark in known})
    return list(S3.testify(TrustedWitness("s3", address), case, Inquiry()))


def test_a_head_is_kept_under_lock(s3: S3Client) -> None:
    """The object says what was attested, cannot be deleted before its date, and vouches for the journal."""
    receipt = S3.attest(f"{KEPT}?days=30", HEAD, 60).decode()
    assert receipt.startswith(HEAD.statement().decode())
    version = receipt.split("version: ")[1].strip()
    kept = s3.get_object(Bucket="kept", Key=KEY, VersionId=version)
    assert kept["ObjectLockMode"] == "COMPLIANCE"
    left = kept["ObjectLockRetainUntilDate"] - datetime.now(UTC)
    assert timedelta(days=29) < left <= timedelta(days=30)
    with pytest.raises(s3.exceptions.ClientError, match="AccessDenied"):
        s3.delete_object(Bucket="kept", Key=KEY, VersionId=version)
    assert [(a.outcome, a.records) for a in asked(HEAD)] == [("vouches", 2)]


def test_later_versions_and_markers_hide_nothing(s3: S3Client) -> None:
    """What is put in an object's place, or its deletion, leaves the first version to contradict."""
    S3.attest(KEPT, HEAD, 60)
    S3.attest(KEPT, REWRITTEN, 60)
    s3.delete_object(Bucket="kept", Key=KEY)
    assert sorted(a.outcome for a in asked(REWRITTEN)) == ["contradicts", "vouches"]


@pytest.mark.usefixtures("s3")
def test_a_bucket_without_lock_is_no_witness() -> None:
    """A bucket that cannot lock, or is not there, is a failure in words."""
    with pytest.raises(WitnessError, match="ObjectLock"):
        S3.attest("s3://plain/runs", HEAD, 60)
    with pytest.raises(WitnessError, match="NoSuchBucket"):
        S3.attest("s3://absent/runs", HEAD, 60)
    with pytest.raises(WitnessError, match="NoSuchBucket"):
        asked(HEAD, address="s3://absent/runs")


def test_only_locks_in_force_count(s3: S3Client) -> None:
    """Objects without a lock, with one that an administrator can lift, or with one that is over prove nothing."""
    soon = datetime.now(UTC) + timedelta(days=1)
    s3.put_object(Bucket="kept", Key=KEY, Body=REWRITTEN.statement())
    s3.put_object(
        Bucket="kept", Key=KEY, Body=HEAD.statement(), ObjectLockMode="GOVERNANCE", ObjectLockRetainUntilDate=soon
    )
    s3.put_object(
        Bucket="kept",
        Key=KEY,
        Body=HEAD.statement(),
        ObjectLockMode="COMPLIANCE",
        ObjectLockRetainUntilDate=datetime.now(UTC) - timedelta(seconds=1),
    )
    found = asked(HEAD)
    assert {a.outcome for a in found} == {"silent"}
    text = " ".join(a.text for a in found)
    assert all(why in text for why in ("no lock", "GOVERNANCE", "ended at"))


def test_without_a_cloud_it_fails_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nobody answers the witness has failed, and the policy must say where to ask."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "x")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    with pytest.raises(WitnessError, match="cannot reach the cloud"):
        S3.attest(KEPT, HEAD, 5)
    with pytest.raises(WitnessError, match="names no `address`"):
        list(S3.testify(TrustedWitness("s3"), Case(RUN, (), lambda _: {}), Inquiry()))


@pytest.mark.parametrize(
    "address",
    [
        "",
        "kept/runs",
        "s3://",
        "s3://K/x",
        "s3://kept/x?days=0",
        "s3://kept/x?days=x",
        "s3://kept/x?d=1",
        "s3://kept/#x",
    ],
)
def test_an_address_names_a_place_in_s3(address: str) -> None:
    """Other schemes, odd buckets, unknown options and impossible times are refused at once."""
    with pytest.raises(UsageError):
        S3.check(address)
