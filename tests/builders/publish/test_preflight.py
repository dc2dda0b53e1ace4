from __future__ import annotations

import pytest

from builders.publish import ami
from builders.publish.ec2 import prepare
from builders.publish.preflight import survey
from recipe_runner.errors import ExitCode, UnmetError
from tests.builders.publish.conftest import REGIONS, Stage


def test_every_obstacle_is_reported_at_once_and_nothing_is_sent(stage: Stage) -> None:
    """A name that is taken in one region and encryption in another are named together, before the first byte."""
    first, second = (stage.cloud.ec2(region) for region in REGIONS)
    volume = first.create_volume(AvailabilityZone="us-east-1a", Size=1)["VolumeId"]
    snapshot = first.create_snapshot(VolumeId=volume)["SnapshotId"]
    ami.register(first, stage.order.identity, "other content", snapshot=snapshot, gibibytes=1)
    second.enable_ebs_encryption_by_default()
    with pytest.raises(UnmetError) as caught:
        prepare(stage.order, stage.cloud, stage.say)
    messages = sorted(d.message for d in caught.value.diagnostics)
    assert messages[0] == "eu-west-1: encryption by default is `True`, wanted `False`"
    assert messages[1].startswith(f"us-east-1: the name `{stage.order.identity.name}` belongs to `ami-")
    assert caught.value.exit_code == ExitCode.PRECONDITION
    assert stage.faults.count("POST /snapshots|CopySnapshot") == 0
    assert not stage.order.state.exists()


def test_missing_credentials_are_named_with_the_way_out(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without credentials each region says so, and the hint names the variables to set."""
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
    with pytest.raises(UnmetError, match="no usable cloud credentials") as caught:
        prepare(stage.order, type(stage.cloud)(stage.cloud.endpoint_url), stage.say)
    assert "AWS_ACCESS_KEY_ID" in (caught.value.diagnostics[0].hint or "")


def test_a_region_we_may_not_use_is_an_obstacle(stage: Stage) -> None:
    """A refusal is not taken for a region that is down: a person has to opt in, or give leave."""
    stage.faults.refuse = lambda call: 401 if call.region == "eu-west-1" and call.service == "ec2" else None
    with pytest.raises(UnmetError, match="eu-west-1: the cloud refused `DescribeImages`"):
        prepare(stage.order, stage.cloud, stage.say)


def test_what_an_endpoint_does_not_offer_is_named(stage: Stage) -> None:
    """An emulator without a call is not believed to have answered it."""
    stage.faults.refuse = lambda call: 501 if call.action == "GetImageBlockPublicAccessState" else None
    found = survey(stage.cloud, stage.order.identity, REGIONS, "content")
    assert sorted(found.unreported) == [f"{r}: public access block of images" for r in sorted(REGIONS)]
    assert found.account == "123456789012"
