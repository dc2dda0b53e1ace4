from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config

from builders.publish.witness import ObjectLock
from recipe_runner.errors import UsageError
from recipe_runner.journal.witness.base import Attestation, Case, TrustedWitness, WitnessError
from recipe_runner.journal.witness.head import Head
from recipe_runner.journal.witness.inquiry import Inquiry
from tests.recipe_runner.journal.runs import RUN
from tests.recipe_runner.journal.witness.conftest import HEAD
from tests.support.cloud import Faults, fresh_cloud
from tests.support.object_lock import MODE, UNTIL, Pretending, Strict

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

S3 = ObjectLock()
KEPT = "s3://kept/runs"
KEY = f"runs/{RUN}/2"
REWRITTEN = Head(RUN, 2, 1000, "e" * 64, "f" * 64)


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Iterator[Faults]:
    """Serve a cloud with the bucket `kept`, which has object lock, and the bucket `plain`, which has not."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "x")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with fresh_cloud() as (address, faults):
        monkeypatch.setenv("AWS_ENDPOINT_URL", address)
        client = boto3.client("s3")
        client.create_bucket(Bucket="kept", ObjectLockEnabledForBucket=True)
        client.create_bucket(Bucket="plain")
        yield faults


@pytest.fixture
def lax(store: Faults) -> S3Client:
    """Return a client of a store that keeps as much of a lock as moto does, so that odd ones can be put there."""
    del store
    return boto3.client("s3")


@pytest.fixture
def s3(store: Faults) -> S3Client:
    """Return a client of a store that keeps locks as S3 does."""
    store.cloud = Strict(store.cloud)
    return boto3.client("s3")


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


LATER = datetime(2099, 1, 1, tzinfo=UTC)


def test_nobody_takes_a_locked_head_away(s3: S3Client) -> None:
    """Whatever its owner tries with a client of AWS's own, the version stays, its lock too, and it vouches."""
    version = S3.attest(KEPT, HEAD, 60).decode().split("version: ")[1].strip()
    one: Any = {"Bucket": "kept", "Key": KEY, "VersionId": version}
    until = s3.get_object(**one)["ObjectLockRetainUntilDate"]
    sooner, later = until - timedelta(days=1), until + timedelta(days=1)
    attempts: list[Callable[[], object]] = [
        lambda: s3.delete_object(**one),
        lambda: s3.delete_object(**one, BypassGovernanceRetention=True),
        lambda: s3.put_object_retention(**one, Retention={"Mode": "COMPLIANCE", "RetainUntilDate": sooner}),
        lambda: s3.put_object_retention(**one, Retention={"Mode": "GOVERNANCE", "RetainUntilDate": later}),
        lambda: s3.put_object_retention(**one, Retention={}, BypassGovernanceRetention=True),
        lambda: s3.put_bucket_versioning(Bucket="kept", VersioningConfiguration={"Status": "Suspended"}),
        lambda: s3.delete_bucket(Bucket="kept"),
    ]
    for attempt in attempts:
        with pytest.raises(s3.exceptions.ClientError):
            attempt()
    assert s3.delete_objects(Bucket="kept", Delete={"Objects": [{"Key": KEY, "VersionId": version}]})["Errors"]
    s3.put_object(Bucket="kept", Key=KEY, Body=b"overwritten")
    s3.delete_object(Bucket="kept", Key=KEY)
    kept = s3.get_object(**one)
    assert (kept["ObjectLockMode"], kept["ObjectLockRetainUntilDate"]) == ("COMPLIANCE", until)
    assert [a.outcome for a in asked(HEAD)].count("vouches") == 1
    s3.put_object_retention(**one, Retention={"Mode": "COMPLIANCE", "RetainUntilDate": later})
    assert [a.outcome for a in asked(REWRITTEN)].count("contradicts") == 1


@pytest.mark.usefixtures("s3")
def test_the_strict_store_knows_what_s3_wants_of_a_lock() -> None:
    """A lock that is over before it begins, or without a checksum, is refused; one that may be lifted is lifted."""
    client = boto3.client("s3", config=Config(request_checksum_calculation="when_required"))
    lock: Any = {"Bucket": "kept", "Key": "x", "Body": b"x", "ObjectLockMode": "GOVERNANCE"}
    checked = lock | {"ChecksumAlgorithm": "SHA256"}
    for wrong, until in ((lock, LATER), (checked, datetime(2020, 1, 1, tzinfo=UTC))):
        with pytest.raises(client.exceptions.ClientError, match="Invalid"):
            client.put_object(**wrong, ObjectLockRetainUntilDate=until)
    version = client.put_object(**checked, ObjectLockRetainUntilDate=LATER)["VersionId"]
    with pytest.raises(client.exceptions.ClientError, match="AccessDenied"):
        client.delete_object(Bucket="kept", Key="x", VersionId=version)
    client.delete_object(Bucket="kept", Key="x", VersionId=version, BypassGovernanceRetention=True)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({MODE: "GOVERNANCE"}, "its lock is of mode GOVERNANCE, not COMPLIANCE"),
        ({UNTIL: f"{datetime.now(UTC) + timedelta(days=2):%Y-%m-%dT%H:%M:%SZ}"}, "its lock ends at "),
        ({MODE: None, UNTIL: None}, "it has no lock"),
    ],
)
def test_a_store_that_keeps_another_lock_is_no_witness(store: Faults, change: dict[str, str | None], why: str) -> None:
    """A receipt is given only for what was read back: the mode, and a date no sooner than was asked for."""

    def weaken(environ: dict[str, Any]) -> None:
        environ.update({name: value for name, value in change.items() if value})
        for name in [name for name, value in change.items() if value is None]:
            del environ[name]

    store.cloud = Pretending(store.cloud, weaken)
    with pytest.raises(WitnessError, match=why):
        S3.attest(f"{KEPT}?days=30", HEAD, 60)


def test_only_locks_in_force_count(lax: S3Client) -> None:
    """Objects without a lock, with one that an administrator can lift, or with one that is over prove nothing."""
    soon = datetime.now(UTC) + timedelta(days=1)
    lax.put_object(Bucket="kept", Key=KEY, Body=REWRITTEN.statement())
    lax.put_object(
        Bucket="kept", Key=KEY, Body=HEAD.statement(), ObjectLockMode="GOVERNANCE", ObjectLockRetainUntilDate=soon
    )
    lax.put_object(
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
