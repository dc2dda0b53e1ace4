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
    """Make every image of the publication private again; raises IncompleteError naming the regions where it is not."""
    ledger = Ledger(state, read_publication(state))

    def hide(region: str) -> None:
        facts, client = ledger.current.regions[region], cloud.ec2(region)
        ami.unshare(client, facts.image)
        snapshots.unshare(client, facts.snapshot)
        ledger.note_region(region, public=False)
        say(f"{region}: {facts.image} is private")

    settle(in_each(list(ledger.current.amis), hide), "the image could not be made private in {regions}")


def discard(state: Path, cloud: Cloud, say: Say) -> None:
    """Deregister the images and delete the snapshots that the publication made, and nothing else.

    Raises UnmetError while an image is public, IncompleteError naming the regions where something is left.
    """
    ledger = Ledger(state, read_publication(state))
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
