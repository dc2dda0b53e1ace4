"""Snapshots as EC2 sees them: found by their tags, copied between regions, waited for, shared, deleted."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from builders.publish.faults import CloudFault, code_of
from builders.publish.identity import CONTENT_TAG, Identity
from builders.publish.patience import Patience
from builders.publish.progress import Say
from recipe_runner.errors import RecipeError
from recipe_runner.sanitise import line

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client
    from mypy_boto3_ec2.type_defs import SnapshotTypeDef, TagTypeDef

LIMIT = 2 * 3600.0
"""Seconds that a snapshot may take to complete: copies of large images between continents need most of an hour."""

GONE = "gone"
USABLE = frozenset({"pending", "completed"})


def state(client: EC2Client, snapshot: str) -> str:
    """Return `pending`, `completed`, another word of EC2's, or `gone` for a snapshot that does not exist."""
    return look(client, snapshot).get("State", GONE)


def look(client: EC2Client, snapshot: str) -> SnapshotTypeDef:
    """Return what EC2 says of the snapshot, nothing for one that does not exist."""
    try:
        found = client.describe_snapshots(SnapshotIds=[snapshot])["Snapshots"]
    except CloudFault as fault:
        if code_of(fault) == "InvalidSnapshot.NotFound":
            return {}
        raise
    return found[0] if found else {}


def find(client: EC2Client, identity: Identity, content: str, *, states: frozenset[str]) -> list[str]:
    """Return our snapshots of this name and content that are in one of the states, oldest first."""
    reply = client.describe_snapshots(
        OwnerIds=["self"],
        Filters=[
            {"Name": "tag:Name", "Values": [identity.name]},
            {"Name": f"tag:{CONTENT_TAG}", "Values": [content]},
        ],
    )
    found = sorted((str(s.get("StartTime", "")), s["SnapshotId"]) for s in reply["Snapshots"] if s["State"] in states)
    return [snapshot for _, snapshot in found]


def copy(client: EC2Client, identity: Identity, content: str, *, source: str, snapshot: str) -> str:
    """Ask the client's region for a copy of a snapshot in the region `source`, and return its id at once."""
    reply = client.copy_snapshot(
        SourceRegion=source,
        SourceSnapshotId=snapshot,
        Description=identity.name,
        TagSpecifications=[{"ResourceType": "snapshot", "Tags": as_tags(identity.tags(content))}],
    )
    return reply["SnapshotId"]


def wait(client: EC2Client, snapshot: str, *, patience: Patience, say: Say, limit: float = LIMIT) -> None:
    """Return when the snapshot is complete; raises RecipeError when it never will be, or took longer than `limit`."""
    begun = time.monotonic()
    shown = ""
    while True:
        facts = look(client, snapshot)
        current = facts.get("State", GONE)
        elapsed = time.monotonic() - begun
        if current == "completed":
            return
        if current not in USABLE and not (current == GONE and elapsed < patience.limit):
            reason = line(facts.get("StateMessage", "no reason given"))
            raise RecipeError.because(f"the snapshot `{snapshot}` is `{line(current)}`: {reason}")
        if elapsed > limit:
            raise RecipeError.because(
                f"the snapshot `{snapshot}` is not complete after {limit:.0f} seconds", hint="run the step again later"
            )
        progress = line(facts.get("Progress", "")) or "pending"
        if progress != shown:
            say(f"snapshot {snapshot}: {progress}")
            shown = progress
        time.sleep(patience.look)


def share(client: EC2Client, snapshot: str) -> None:
    """Let everybody make volumes from the snapshot."""
    client.modify_snapshot_attribute(
        SnapshotId=snapshot, Attribute="createVolumePermission", OperationType="add", GroupNames=["all"]
    )


def unshare(client: EC2Client, snapshot: str) -> None:
    """Take that leave back."""
    client.modify_snapshot_attribute(
        SnapshotId=snapshot, Attribute="createVolumePermission", OperationType="remove", GroupNames=["all"]
    )


def delete(client: EC2Client, snapshot: str) -> None:
    """Delete the snapshot; one that is gone already is no fault."""
    try:
        client.delete_snapshot(SnapshotId=snapshot)
    except CloudFault as fault:
        if code_of(fault) != "InvalidSnapshot.NotFound":
            raise


def as_tags(tags: dict[str, str]) -> list[TagTypeDef]:
    """Return tags as EC2's calls take them."""
    return [{"Key": key, "Value": value} for key, value in tags.items()]
