from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator

import pytest

from builders.publish.cloud import Cloud
from builders.publish.datamap import BLOCK
from builders.publish.faults import CloudFault, code_of
from builders.publish.patience import Patience
from tests.support.cloud import fresh_cloud

DATA = b"data".ljust(BLOCK, b"\0")
CHECKSUM = base64.b64encode(hashlib.sha256(DATA).digest()).decode()


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "rehearsal")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "rehearsal")
    with fresh_cloud() as (address, _):
        yield Cloud(address, Patience())


def put(cloud: Cloud, snapshot: str, *, data: bytes = DATA, checksum: str = CHECKSUM, index: int = 0) -> str:
    """Send a block and return the code of the refusal, empty when it was accepted."""
    try:
        cloud.ebs("us-east-1").put_snapshot_block(
            SnapshotId=snapshot,
            BlockIndex=index,
            BlockData=data,
            DataLength=len(data),
            Checksum=checksum,
            ChecksumAlgorithm="SHA256",
        )
    except CloudFault as fault:
        return code_of(fault)
    return ""


def started(cloud: Cloud) -> str:
    return cloud.ebs("us-east-1").start_snapshot(VolumeSize=1)["SnapshotId"]


def completed(cloud: Cloud) -> str:
    snapshot = started(cloud)
    assert put(cloud, snapshot) == ""
    cloud.ebs("us-east-1").complete_snapshot(SnapshotId=snapshot, ChangedBlocksCount=1)
    return snapshot


def register(cloud: Cloud, name: str, snapshot: str) -> str:
    """Register an image and return its id, or the code of the refusal."""
    try:
        return cloud.ec2("us-east-1").register_image(
            Name=name,
            Architecture="arm64",
            RootDeviceName="/dev/sda1",
            BootMode="uefi",
            EnaSupport=True,
            BlockDeviceMappings=[{"DeviceName": "/dev/sda1", "Ebs": {"SnapshotId": snapshot, "VolumeType": "gp3"}}],
            TagSpecifications=[{"ResourceType": "image", "Tags": [{"Key": "serial", "Value": "1"}]}],
        )["ImageId"]
    except CloudFault as fault:
        return code_of(fault)


def test_a_block_needs_its_checksum_size_and_place(cloud: Cloud) -> None:
    """A wrong checksum, a short block and an index outside of the volume are refused."""
    snapshot = started(cloud)
    assert put(cloud, snapshot, checksum=CHECKSUM[::-1]) == "ValidationException"
    assert put(cloud, snapshot, data=b"short") == "ValidationException"
    assert put(cloud, snapshot, index=2048) == "ValidationException"
    assert put(cloud, snapshot, index=2047) == ""


def test_a_complete_snapshot_takes_no_more_blocks(cloud: Cloud) -> None:
    """After completion, and for a snapshot that was never begun, blocks are refused."""
    assert put(cloud, completed(cloud)) == "ConflictException"
    assert put(cloud, "snap-00000000000000000") == "ResourceNotFoundException"


def test_a_snapshot_is_pending_until_it_is_completed(cloud: Cloud) -> None:
    """EC2 says so, and an image cannot be made of it before."""
    snapshot = started(cloud)
    client = cloud.ec2("us-east-1")
    assert client.describe_snapshots(SnapshotIds=[snapshot])["Snapshots"][0]["State"] == "pending"
    assert register(cloud, "early", snapshot) == "InvalidSnapshot.InvalidState"


def test_an_image_is_described_as_it_was_registered(cloud: Cloud) -> None:
    """Architecture, boot mode, disk and tags come back."""
    snapshot = completed(cloud)
    image = cloud.ec2("us-east-1").describe_images(ImageIds=[register(cloud, "one", snapshot)])["Images"][0]
    assert (image["Architecture"], image["BootMode"], image["EnaSupport"]) == ("arm64", "uefi", True)
    assert image["Tags"] == [{"Key": "serial", "Value": "1"}]
    disk = image["BlockDeviceMappings"][0]["Ebs"]
    assert (disk["SnapshotId"], disk["VolumeSize"], disk["VolumeType"]) == (snapshot, 1, "gp3")


def test_a_name_is_taken_once(cloud: Cloud) -> None:
    """A second image of the same name in a region is refused, and so is one of an unknown snapshot."""
    snapshot = completed(cloud)
    assert register(cloud, "one", snapshot).startswith("ami-")
    assert register(cloud, "one", snapshot) == "InvalidAMIName.Duplicate"
    assert register(cloud, "two", "snap-00000000000000000") == "InvalidSnapshot.NotFound"


def test_a_copy_has_the_blocks_of_its_original(cloud: Cloud) -> None:
    """What was sent to one region can be read from the copy in another."""
    copy = cloud.ec2("eu-west-1").copy_snapshot(SourceRegion="us-east-1", SourceSnapshotId=completed(cloud))
    client = cloud.ebs("eu-west-1")
    (block,) = client.list_snapshot_blocks(SnapshotId=copy["SnapshotId"])["Blocks"]
    read = client.get_snapshot_block(SnapshotId=copy["SnapshotId"], BlockIndex=0, BlockToken=block["BlockToken"])
    assert read["BlockData"].read() == DATA
