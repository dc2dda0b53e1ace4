"""The ways back: public images made private again, private ones removed; only what the publication's file names."""

from __future__ import annotations

from pathlib import Path

from builders.publish import ami, snapshots
from builders.publish.cloud import Cloud
from builders.publish.progress import Say
from builders.publish.publication import Ledger, read_publication
from builders.publish.regions import in_each, settle
from recipe_runner.errors import UnmetError


def withdraw(state: Path, cloud: Cloud, say: Say) -> None:
    """Make every image of the publication private again.

    Raises UnmetError for another cloud than the publication's, IncompleteError naming the regions where it is not.
    """
    ledger = _open(state, cloud)

    def hide(region: str) -> None:
        facts, client = ledger.current.regions[region], cloud.ec2(region)
        ami.unshare(client, facts.image)
        snapshots.unshare(client, facts.snapshot)
        ledger.note_region(region, public=False)
        say(f"{region}: {facts.image} is private")

    settle(in_each(list(ledger.current.amis), hide), "the image could not be made private in {regions}")


def discard(state: Path, cloud: Cloud, say: Say) -> None:
    """Deregister the images and delete the snapshots that the publication made, and nothing else.

    Raises UnmetError while an image is public and for another cloud than the publication's, IncompleteError naming the
    regions where something is left.
    """
    ledger = _open(state, cloud)
    public = [region for region, facts in ledger.current.regions.items() if facts.public]
    if public:
        raise UnmetError.because(f"the image is public in {', '.join(public)}", hint="withdraw it first")

    def remove(region: str) -> None:
        facts, client = ledger.current.regions[region], cloud.ec2(region)
        if facts.image:
            ami.deregister(client, facts.image)
            ledger.note_region(region, image="")
            say(f"{region}: {facts.image} is deregistered")
        if facts.snapshot:
            snapshots.delete(client, facts.snapshot)
            ledger.note_region(region, snapshot="", snapshot_done=False)
            say(f"{region}: {facts.snapshot} is deleted")

    faults = in_each(list(ledger.current.regions), remove)
    ledger.note(sent=(), attempt=ledger.current.attempt + 1)
    settle(faults, "something is left in {regions}")


def _open(state: Path, cloud: Cloud) -> Ledger:
    """Open the publication's file; at another cloud nothing of it would be found, and everything be forgotten."""
    ledger = Ledger(state, read_publication(state))
    address = cloud.address(ledger.current.source)
    if address != ledger.current.cloud:
        raise UnmetError.because(
            f"`{state}` belongs to a publication at {ledger.current.cloud}, not at {address}",
            hint="give the same --endpoint-url, or AWS_ENDPOINT_URL, as for the publication",
        )
    return ledger
