"""The one upload of a publication: a snapshot in its source region, made once however often it is interrupted."""

from __future__ import annotations

from pathlib import Path

from builders.publish import snapshots
from builders.publish.blocks import Blocks
from builders.publish.cloud import Cloud
from builders.publish.datamap import BLOCK, DataMap
from builders.publish.faults import CloudFault, not_offered
from builders.publish.progress import Say
from builders.publish.publication import Ledger

MEBIBYTE = 1024**2
DEAD = frozenset({"error", "recoverable", "recovering"})


def upload(ledger: Ledger, cloud: Cloud, disk: Path, datamap: DataMap, say: Say) -> None:
    """Leave a complete snapshot of `disk` in the source region, noted in the ledger.

    Raises what boto3 raises, and RecipeError when the cloud gives the snapshot up.
    """
    region = ledger.current.source
    client, blocks = cloud.ec2(region), Blocks(cloud.ebs(region), cloud.patience)
    if _is_done(ledger, region, snapshots.state(client, ledger.current.regions[region].snapshot)):
        return
    for snapshot in snapshots.find(client, ledger.current.identity, datamap.content, states=frozenset({"completed"})):
        if _is_whole(blocks, snapshot, datamap):
            say(f"{region}: found {snapshot}, which has this content")
            ledger.note_region(region, snapshot=snapshot, snapshot_done=True)
            return
    snapshot = _begin(ledger, cloud, blocks, datamap)
    say(f"{region}: {snapshot}: sending {_amount(len(datamap.checksums) - len(ledger.current.sent))}")

    def sent(indexes: tuple[int, ...]) -> None:
        ledger.note(sent=indexes)
        say(f"{region}: {snapshot}: {_amount(len(indexes))} of {_amount(len(datamap.checksums))} sent")

    blocks.send(snapshot, disk, datamap, done=ledger.current.sent, sent=sent)
    blocks.seal(snapshot, datamap)
    snapshots.wait(client, snapshot, patience=cloud.patience, say=lambda text: say(f"{region}: {text}"))
    ledger.note_region(region, snapshot_done=True)
    ledger.note(sent=())
    say(f"{region}: {snapshot}: complete")


def _is_done(ledger: Ledger, region: str, state: str) -> bool:
    return ledger.current.regions[region].snapshot_done and state == "completed"


def _begin(ledger: Ledger, cloud: Cloud, blocks: Blocks, datamap: DataMap) -> str:
    """Return the snapshot to send blocks to: the one under way, or a new one where there is none to go on with."""
    region = ledger.current.source
    known = ledger.current.regions[region].snapshot
    state = snapshots.state(cloud.ec2(region), known)
    if known and state == "pending":
        return known
    if state in DEAD:
        ledger.note(attempt=ledger.current.attempt + 1)
    identity, content = ledger.current.identity, ledger.current.content
    snapshot = blocks.start(
        datamap,
        name=identity.name,
        tags=identity.tags(content),
        token=identity.token(content, ledger.current.attempt),
    )
    if snapshot != known:
        ledger.note(sent=())
        ledger.note_region(region, snapshot=snapshot, snapshot_done=False)
    return snapshot


def _is_whole(blocks: Blocks, snapshot: str, datamap: DataMap) -> bool:
    """Whether the snapshot has exactly the blocks of the map; what is in them is for `verify` to read."""
    try:
        return blocks.listed(snapshot).keys() == datamap.checksums.keys()
    except CloudFault as fault:
        if not_offered(fault):
            return False
        raise


def _amount(blocks: int) -> str:
    return f"{blocks * BLOCK // MEBIBYTE} MiB"
