from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from builders.publish.cloud import Cloud
from builders.publish.ec2 import make_public, prepare, verify
from builders.publish.progress import Say
from builders.publish.publication import read_publication
from builders.publish.rollback import discard, withdraw
from recipe_runner.errors import IncompleteError, UnmetError
from tests.builders.publish.conftest import REGIONS, Stage


def ours(stage: Stage) -> list[tuple[int, int]]:
    """Return how many images and snapshots we have in each region."""
    clients = [stage.cloud.ec2(region) for region in REGIONS]
    return [
        (len(c.describe_images(Owners=["self"])["Images"]), len(c.describe_snapshots(OwnerIds=["self"])["Snapshots"]))
        for c in clients
    ]


def released(stage: Stage) -> None:
    for step in (prepare, verify, make_public):
        step(stage.order, stage.cloud, stage.say)


def test_a_withdrawn_image_is_private_everywhere(stage: Stage) -> None:
    """Nobody can launch it or read its snapshot any more, and the file says so."""
    released(stage)
    assert len(stage.shared()) == 2 * len(REGIONS)
    withdraw(stage.order.state, stage.cloud, stage.say)
    assert stage.shared() == []
    assert not any(facts.public for facts in read_publication(stage.order.state).regions.values())


def test_a_public_image_is_not_discarded(stage: Stage) -> None:
    """What people may be launching is made private first, by a decision of its own."""
    released(stage)
    with pytest.raises(UnmetError, match="is public in us-east-1, eu-west-1"):
        discard(stage.order.state, stage.cloud, stage.say)
    assert ours(stage) == [(1, 1), (1, 1)]


def test_discarding_removes_what_was_made_and_nothing_else(stage: Stage) -> None:
    """The images and snapshots of the publication go, another snapshot stays."""
    client = stage.cloud.ec2("us-east-1")
    volume = client.create_volume(AvailabilityZone="us-east-1a", Size=1)["VolumeId"]
    other = client.create_snapshot(VolumeId=volume)["SnapshotId"]
    prepare(stage.order, stage.cloud, stage.say)
    discard(stage.order.state, stage.cloud, stage.say)
    assert ours(stage) == [(0, 1), (0, 0)]
    assert client.describe_snapshots(OwnerIds=["self"])["Snapshots"][0]["SnapshotId"] == other


def test_after_a_rollback_the_release_can_be_made_again(stage: Stage) -> None:
    """Discarding leaves a publication that prepare can begin anew, under another token."""
    prepare(stage.order, stage.cloud, stage.say)
    discard(stage.order.state, stage.cloud, stage.say)
    again = prepare(stage.order, stage.cloud, stage.say)
    assert (list(again.amis), again.attempt) == (list(REGIONS), 2)


def test_a_region_that_cannot_be_withdrawn_is_named(stage: Stage) -> None:
    """The other regions are withdrawn, and a second call finishes the work."""
    released(stage)
    stage.faults.refuse = lambda call: 400 if call.region == "eu-west-1" else None
    with pytest.raises(IncompleteError, match="could not be made private in eu-west-1"):
        withdraw(stage.order.state, stage.cloud, stage.say)
    assert [f.public for f in read_publication(stage.order.state).regions.values()] == [False, True]
    stage.faults.refuse = lambda _call: None
    withdraw(stage.order.state, stage.cloud, stage.say)


@pytest.mark.parametrize("back", [withdraw, discard])
def test_a_rollback_at_another_cloud_is_refused(stage: Stage, back: Callable[[Path, Cloud, Say], None]) -> None:
    """Where the publication is not, everything would seem to be gone already, and its ids be forgotten."""
    prepare(stage.order, stage.cloud, stage.say)
    before = stage.order.state.read_bytes()
    with pytest.raises(UnmetError, match="belongs to a publication at"):
        back(stage.order.state, Cloud("http://127.0.0.1:1"), stage.say)
    assert stage.order.state.read_bytes() == before
