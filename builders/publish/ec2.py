"""Publishing a disk image to EC2 in three steps: prepare privately, verify, make public.

Each step can be run again: it finds what it made, by the publication's file and by names and tags in the cloud.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from builders.publish import ami, snapshots
from builders.publish.cloud import Cloud
from builders.publish.datamap import DataMap, read_map
from builders.publish.faults import CloudFault, diagnose
from builders.publish.identity import Identity
from builders.publish.preflight import Survey, survey
from builders.publish.progress import Say
from builders.publish.publication import Ledger, Publication, Regional, read_publication, set_aside
from builders.publish.raw import raw_disk
from builders.publish.readback import verify_region
from builders.publish.regions import in_each, joined, settle
from builders.publish.upload import upload
from recipe_runner.errors import IncompleteError, RecipeError, UnmetError, VerificationError

MEBIBYTE = 1024**2


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be published where; `state` is the publication's file, one for each image and cloud."""

    identity: Identity
    image: Path
    regions: tuple[str, ...]
    state: Path


def prepare(order: Order, cloud: Cloud, say: Say) -> Publication:
    """Make a private image in every region.

    Raises UnmetError for obstacles found before a byte is sent, and IncompleteError naming the regions that have no
    image yet; what was made in the others stays and is found by the next call.
    """
    with raw_disk(order.image) as disk:
        datamap = read_map(disk)
        say(f"{order.image.name}: {datamap.bytes_of_data // MEBIBYTE} MiB of data in {datamap.gibibytes} GiB")
        found = survey(cloud, order.identity, order.regions, datamap.content)
        for question in found.unreported:
            say(f"not reported by this endpoint, so not checked: {question}")
        reachable = [region for region in order.regions if region not in found.unreachable]
        ledger = _open(order, cloud, datamap, found, reachable, say)
        try:
            upload(ledger, cloud, disk, datamap, say)
        except (RecipeError, *CloudFault) as fault:
            raise IncompleteError(*diagnose(fault, where=ledger.current.source)) from fault
    faults = in_each(reachable, lambda region: _prepare_region(region, ledger, cloud, say))
    settle(found.unreachable | faults, "no image was made in {regions}")
    return ledger.current


def verify(order: Order, cloud: Cloud, say: Say) -> Publication:
    """Read everything back: the images' attributes, and the snapshots' blocks against the image file.

    What an endpoint other than AWS does not report is named, never assumed. Raises VerificationError with every
    difference, IncompleteError when a region has no image yet.
    """
    ledger = _resume(order, cloud)
    with raw_disk(order.image) as disk:
        datamap = read_map(disk)
    if datamap.content != ledger.current.content:
        raise VerificationError.because(f"`{order.image}` is not the image that was published")
    faults = in_each(order.regions, lambda region: verify_region(region, ledger.current, cloud, datamap, say))
    if faults:
        raise VerificationError(*joined(faults))
    ledger.note(verified=True)
    return ledger.current


def make_public(order: Order, cloud: Cloud, say: Say) -> Publication:
    """Let everybody launch the images; the snapshot of each goes first, so that a public image is a whole one.

    Raises UnmetError before it changes anything unless every region is prepared and verified, and IncompleteError
    naming the regions where the image is not public.
    """
    ledger = _resume(order, cloud)
    if not ledger.current.verified:
        raise UnmetError.because(
            f"the publication `{order.identity.name}` has not been verified", hint="run its verification first"
        )

    def share(region: str) -> None:
        facts, client = ledger.current.regions[region], cloud.ec2(region)
        snapshots.share(client, facts.snapshot)
        ami.share(client, facts.image)
        if not ami.look(client, facts.image).get("Public", False):
            raise VerificationError.because(f"`{facts.image}` was shared and is not reported as public")
        ledger.note_region(region, public=True)
        say(f"{region}: {facts.image} is public")

    settle(in_each(order.regions, share), "the image is not public in {regions}")
    return ledger.current


def _prepare_region(region: str, ledger: Ledger, cloud: Cloud, say: Say) -> None:
    client, current = cloud.ec2(region), ledger.current
    found = ami.find(client, current.identity.name)
    if found:
        image = found.get("ImageId", "")
        snapshot = ami.root_disk(found).get("SnapshotId") or current.regions[region].snapshot
        ledger.note_region(
            region, image=image, snapshot=snapshot, snapshot_done=True, public=found.get("Public", False)
        )
        say(f"{region}: found {image}")
    else:
        snapshot = _copy(region, ledger, cloud, say)
        image = ami.register(client, current.identity, current.content, snapshot=snapshot, gibibytes=current.gibibytes)
        ledger.note_region(region, image=image, public=False)
        say(f"{region}: {image} registered from {snapshot}, private")
    ami.wait(client, image, patience=cloud.patience, say=lambda text: say(f"{region}: {text}"))


def _copy(region: str, ledger: Ledger, cloud: Cloud, say: Say) -> str:
    """Return a complete snapshot in the region: the upload itself, a copy found there, or a new one."""
    client, current = cloud.ec2(region), ledger.current
    snapshot = current.regions[region].snapshot
    if region == current.source:
        return snapshot
    if not snapshot or snapshots.state(client, snapshot) not in snapshots.USABLE:
        found = snapshots.find(client, current.identity, current.content, states=snapshots.USABLE)
        snapshot = (
            found[0]
            if found
            else snapshots.copy(
                client,
                current.identity,
                current.content,
                source=current.source,
                snapshot=current.regions[current.source].snapshot,
            )
        )
        ledger.note_region(region, snapshot=snapshot, snapshot_done=False)
    snapshots.wait(client, snapshot, patience=cloud.patience, say=lambda text: say(f"{region}: {text}"))
    ledger.note_region(region, snapshot_done=True)
    return snapshot


def _open(order: Order, cloud: Cloud, datamap: DataMap, found: Survey, reachable: Sequence[str], say: Say) -> Ledger:
    """Continue the publication in the order's file, or begin one."""
    address = cloud.address(reachable[0])
    fresh = Publication(
        identity=order.identity,
        cloud=address,
        account=found.account,
        content=datamap.content,
        gibibytes=datamap.gibibytes,
        source=reachable[0],
        regions={region: Regional() for region in order.regions},
    )
    if not order.state.exists():
        return Ledger(order.state, fresh)
    old = read_publication(order.state)
    if (old.cloud, old.account) != (address, found.account):
        aside = set_aside(order.state)
        say(f"`{order.state.name}` tells of a publication at {old.cloud}: kept as `{aside.name}`")
        return Ledger(order.state, fresh)
    if (old.identity, old.content) != (order.identity, datamap.content):
        raise UnmetError.because(
            f"`{order.state}` belongs to a publication of `{old.identity.name}` with other content",
            hint="roll that one back, or name another file for this one",
        )
    usable = old.source in reachable or old.regions[old.source].snapshot_done
    return Ledger(
        order.state,
        old.model_copy(
            update={
                "regions": {**fresh.regions, **old.regions},
                "source": old.source if usable else reachable[0],
                "sent": old.sent if usable else (),
            }
        ),
    )


def _resume(order: Order, cloud: Cloud) -> Ledger:
    """Open what `prepare` made of this order; raises UnmetError for another publication, IncompleteError for a part."""
    current = read_publication(order.state)
    if (current.identity, current.cloud) != (order.identity, cloud.address(order.regions[0])):
        raise UnmetError.because(
            f"`{order.state}` belongs to `{current.identity.name}` at {current.cloud}, not to this publication",
            hint="run the step that publishes privately first",
        )
    missing = [r for r in order.regions if r not in current.regions or not current.regions[r].image]
    if missing:
        raise IncompleteError.because(
            f"there is no image in {', '.join(missing)}", hint="run the step that publishes privately again"
        )
    return Ledger(order.state, current)
