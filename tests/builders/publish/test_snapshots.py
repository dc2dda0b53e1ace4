from __future__ import annotations

from typing import Any

import pytest

from builders.publish import snapshots
from builders.publish.ec2 import prepare
from builders.publish.patience import Patience
from recipe_runner.errors import RecipeError
from tests.builders.publish.conftest import QUICK, Stage

REGION = "us-east-1"


@pytest.fixture
def begun(stage: Stage) -> str:
    """Start a snapshot and return its id."""
    return stage.cloud.ebs(REGION).start_snapshot(VolumeSize=1)["SnapshotId"]


def stored(snapshot: str) -> Any:
    """Return the rehearsal cloud's own record of a snapshot."""
    from moto.ec2.models import ec2_backends

    return ec2_backends["123456789012"][REGION].snapshots[snapshot]


def test_a_complete_snapshot_is_not_waited_for(stage: Stage) -> None:
    """Waiting ends at once, and nothing is said."""
    done = prepare(stage.order, stage.cloud, stage.say)
    stage.said.clear()
    snapshots.wait(stage.cloud.ec2(REGION), done.regions[REGION].snapshot, patience=QUICK, say=stage.say)
    assert stage.said == []


@pytest.mark.parametrize("state", ["error", "recoverable"])
def test_a_snapshot_that_failed_is_not_waited_for(stage: Stage, begun: str, state: str) -> None:
    """A state from which no snapshot completes is a failure at once."""
    stored(begun).status = state
    with pytest.raises(RecipeError, match=f"`{begun}` is `{state}`"):
        snapshots.wait(stage.cloud.ec2(REGION), begun, patience=QUICK, say=stage.say)


def test_a_snapshot_that_does_not_appear_is_missed(stage: Stage) -> None:
    """Not found is normal for a while, and a failure after that."""
    with pytest.raises(RecipeError, match="is `gone`"):
        snapshots.wait(
            stage.cloud.ec2(REGION), "snap-00000000000000000", patience=Patience(limit=0.1, look=0.02), say=stage.say
        )


def test_waiting_has_a_limit_and_shows_progress(stage: Stage, begun: str) -> None:
    """A snapshot that stays pending ends the wait at its limit; what the cloud reports is said once."""
    with pytest.raises(RecipeError, match="is not complete after 0 seconds"):
        snapshots.wait(stage.cloud.ec2(REGION), begun, patience=QUICK, say=stage.say, limit=0.2)
    assert stage.said == [f"snapshot {begun}: 100%"]


def test_deleting_what_is_gone_is_no_fault(stage: Stage, begun: str) -> None:
    """A rollback can be repeated."""
    client = stage.cloud.ec2(REGION)
    snapshots.delete(client, begun)
    snapshots.delete(client, begun)
    assert snapshots.state(client, begun) == snapshots.GONE
