from __future__ import annotations

from itertools import count

import pytest

from builders.publish import snapshots
from builders.publish.blocks import Blocks
from builders.publish.datamap import read_map
from builders.publish.ec2 import prepare, verify
from builders.publish.publication import read_publication
from recipe_runner.errors import IncompleteError
from tests.builders.publish.conftest import QUICK, Stage
from tests.support.cloud import Call

PUT = "PUT /snapshots/.*/blocks/.*"


def is_put(call: Call) -> bool:
    return call.action.startswith("PUT /snapshots/")


def test_an_interrupted_upload_goes_on_with_the_same_snapshot(stage: Stage) -> None:
    """When blocks cannot be sent the step is incomplete; run again, it fills the snapshot it had begun."""
    stage.faults.refuse = lambda call: 503 if is_put(call) and call.action.endswith("/15") else None
    with pytest.raises(IncompleteError, match="us-east-1"):
        prepare(stage.order, stage.cloud, stage.say)
    begun = read_publication(stage.order.state).regions["us-east-1"].snapshot
    stage.faults.refuse = lambda _call: None
    done = prepare(stage.order, stage.cloud, stage.say)
    assert done.regions["us-east-1"].snapshot == begun
    assert stage.faults.count("POST /snapshots") == 1
    verify(stage.order, stage.cloud, stage.say)


def test_blocks_that_have_arrived_are_not_sent_again(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a lost connection only the blocks that nobody acknowledged are sent."""
    monkeypatch.setattr("builders.publish.blocks.BATCH", 1)
    stage.faults.refuse = lambda call: 503 if is_put(call) and call.action.endswith("/15") else None
    with pytest.raises(IncompleteError):
        prepare(stage.order, stage.cloud, stage.say)
    assert read_publication(stage.order.state).sent == (0, 3)
    stage.faults.refuse = lambda _call: None
    before = stage.faults.count(PUT)
    prepare(stage.order, stage.cloud, stage.say)
    assert stage.faults.count(PUT) == before + 1


def test_passing_faults_are_waited_out(stage: Stage) -> None:
    """Throttled, broken and "not found yet" replies to a block are repeated until it is accepted."""
    numbers = count()
    stage.faults.refuse = lambda call: (503 if next(numbers) % 3 else None) if is_put(call) else None
    prepare(stage.order, stage.cloud, stage.say)
    verify(stage.order, stage.cloud, stage.say)


def test_a_lost_reply_to_the_seal_is_no_loss(stage: Stage) -> None:
    """A snapshot that was completed although the reply never came is found complete."""
    seal = "POST /snapshots/completion/"
    stage.faults.refuse = lambda call: 503 if call.action.startswith(seal) else None
    with pytest.raises(IncompleteError):
        prepare(stage.order, stage.cloud, stage.say)
    begun = read_publication(stage.order.state).regions["us-east-1"].snapshot
    stage.faults.refuse = lambda _call: None
    Blocks(stage.cloud.ebs("us-east-1"), QUICK).seal(begun, read_map(stage.order.image))
    done = prepare(stage.order, stage.cloud, stage.say)
    assert done.regions["us-east-1"].snapshot == begun
    assert stage.faults.count("POST /snapshots") == 1


def test_a_snapshot_the_cloud_lost_is_begun_anew(stage: Stage) -> None:
    """When the snapshot under way is gone, every block is sent to a new one."""
    stage.faults.refuse = lambda call: 503 if is_put(call) and call.action.endswith("/15") else None
    with pytest.raises(IncompleteError):
        prepare(stage.order, stage.cloud, stage.say)
    begun = read_publication(stage.order.state).regions["us-east-1"].snapshot
    snapshots.delete(stage.cloud.ec2("us-east-1"), begun)
    stage.faults.refuse = lambda _call: None
    done = prepare(stage.order, stage.cloud, stage.say)
    assert done.regions["us-east-1"].snapshot != begun
    verify(stage.order, stage.cloud, stage.say)


def test_an_image_that_changes_during_the_upload_is_refused(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """A block that is not what it was when it was measured never becomes part of the snapshot."""
    datamap = read_map(stage.order.image)
    monkeypatch.setattr("builders.publish.ec2.read_map", lambda _path: datamap)
    with stage.order.image.open("r+b") as stream:
        stream.write(b"other")
    with pytest.raises(IncompleteError, match="checksum"):
        prepare(stage.order, stage.cloud, stage.say)
