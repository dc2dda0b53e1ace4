from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from builders.publish.cloud import Cloud
from builders.publish.ec2 import Order
from builders.publish.identity import Identity
from builders.publish.patience import Patience
from tests.support.cloud import Faults, fresh_cloud
from tests.support.disks import tiny_disk

REGIONS = ("us-east-1", "eu-west-1")
QUICK = Patience(limit=1.0, first=0.01, longest=0.05, look=0.02)


@dataclass
class Stage:
    """A cloud, an order for it, and what was said."""

    cloud: Cloud
    faults: Faults
    order: Order
    said: list[str] = field(default_factory=list)

    def shared(self) -> list[str]:
        """Return every image and snapshot of ours that everybody may use."""
        found = []
        for region in REGIONS:
            client = self.cloud.ec2(region)
            found += [i.get("ImageId", "") for i in client.describe_images(ExecutableUsers=["all"])["Images"]]
            for snapshot in client.describe_snapshots(OwnerIds=["self"])["Snapshots"]:
                answer = client.describe_snapshot_attribute(
                    SnapshotId=snapshot["SnapshotId"], Attribute="createVolumePermission"
                )
                found += [snapshot["SnapshotId"] for leave in answer["CreateVolumePermissions"] if leave.get("Group")]
        return found

    def say(self, text: str) -> None:
        self.said.append(text)


@pytest.fixture
def identity() -> Identity:
    return Identity(codename="karmic", milestone="alpha-3", arch="amd64", serial="20090723")


@pytest.fixture
def stage(tmp_path: Path, identity: Identity, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    """Give a fresh cloud and an order of a tiny disk in two regions."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "rehearsal")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "rehearsal")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "no-aws-config"))
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    order = Order(identity, tiny_disk(tmp_path / "disk.raw"), REGIONS, tmp_path / "state" / "ec2.json")
    with fresh_cloud() as (address, faults):
        yield Stage(Cloud(address, QUICK), faults, order)
