from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import pytest

from builders.publish import ami, snapshots
from builders.publish.cloud import Cloud
from builders.publish.ec2 import make_public, prepare, verify
from builders.publish.publication import read_publication
from recipe_runner.errors import ExitCode, IncompleteError, RecipeError, UnmetError, VerificationError
from tests.builders.publish.conftest import QUICK, REGIONS, Stage
from tests.support.cloud import Call, fresh_cloud
from tests.support.disks import sparse


def images(stage: Stage, region: str, *, public: bool = False) -> list[str]:
    """Return the images in a region: ours, or those that everybody may launch."""
    client = stage.cloud.ec2(region)
    reply = client.describe_images(ExecutableUsers=["all"]) if public else client.describe_images(Owners=["self"])
    return [image.get("ImageId", "") for image in reply["Images"]]


def refusing(service: str, action: str, region: str, status: int = 503) -> Callable[[Call], int | None]:
    """Refuse one action in one region."""
    return lambda call: status if (call.service, call.action, call.region) == (service, action, region) else None


def test_the_three_stages_end_with_a_public_image_in_every_region(stage: Stage) -> None:
    """Prepare, verify and make public give one launchable image a region, made of one upload."""
    prepare(stage.order, stage.cloud, stage.say)
    verify(stage.order, stage.cloud, stage.say)
    done = make_public(stage.order, stage.cloud, stage.say)
    assert list(done.amis) == list(REGIONS)
    assert {region: images(stage, region, public=True) for region in REGIONS} == {
        region: [image] for region, image in done.amis.items()
    }
    assert stage.faults.count("POST /snapshots") == 1
    assert stage.faults.count("PUT /snapshots/.*/blocks/.*") == 3


def test_nothing_is_public_before_the_last_stage(stage: Stage) -> None:
    """After preparing and verifying nobody else can launch the image or read its snapshot."""
    prepare(stage.order, stage.cloud, stage.say)
    verify(stage.order, stage.cloud, stage.say)
    assert stage.shared() == []
    assert stage.faults.count("Modify.*") == 0


def test_each_stage_run_again_makes_nothing_twice(stage: Stage) -> None:
    """Repeating every stage finds the same images, uploads nothing and copies nothing."""
    first = prepare(stage.order, stage.cloud, stage.say)
    verify(stage.order, stage.cloud, stage.say)
    calls = "RegisterImage|CopySnapshot|POST /snapshots.*|PUT .*"
    before = stage.faults.count(calls)
    assert prepare(stage.order, stage.cloud, stage.say).amis == first.amis
    verify(stage.order, stage.cloud, stage.say)
    make_public(stage.order, stage.cloud, stage.say)
    again = make_public(stage.order, stage.cloud, stage.say)
    assert (again.amis, stage.faults.count(calls)) == (first.amis, before)


def test_a_lost_file_is_found_again_in_the_cloud(stage: Stage) -> None:
    """Without the publication's file the images are found by name and content."""
    first = prepare(stage.order, stage.cloud, stage.say)
    stage.order.state.unlink()
    assert prepare(stage.order, stage.cloud, stage.say).amis == first.amis
    verify(stage.order, stage.cloud, stage.say)
    assert [images(stage, region) for region in REGIONS] == [[first.amis[region]] for region in REGIONS]


def test_a_lost_file_and_no_image_yet_finds_the_snapshot(stage: Stage) -> None:
    """A snapshot that was complete when everything else was lost is not uploaded again."""
    stage.faults.refuse = refusing("ec2", "RegisterImage", "us-east-1", 400)
    with pytest.raises(IncompleteError):
        prepare(stage.order, stage.cloud, stage.say)
    stage.order.state.unlink()
    stage.faults.refuse = lambda _call: None
    prepare(stage.order, stage.cloud, stage.say)
    assert stage.faults.count("POST /snapshots") == 1


def test_images_are_registered_with_their_tags(stage: Stage) -> None:
    """Tags come with the registration itself, so that no image is ever without them."""
    done = prepare(stage.order, stage.cloud, stage.say)
    image = ami.look(stage.cloud.ec2("eu-west-1"), done.amis["eu-west-1"])
    assert ami.tags_of(image) == stage.order.identity.tags(done.content)
    assert stage.faults.count("CreateTags") == 0


def test_a_bad_region_does_not_stop_the_others(stage: Stage) -> None:
    """The other region's image is made, the error names the missing region, and the next run completes it."""
    stage.faults.refuse = refusing("ec2", "CopySnapshot", "eu-west-1", 400)
    with pytest.raises(IncompleteError, match="no image was made in eu-west-1") as caught:
        prepare(stage.order, stage.cloud, stage.say)
    assert caught.value.exit_code == ExitCode.INCOMPLETE
    assert len(images(stage, "us-east-1")) == 1
    stage.faults.refuse = lambda _call: None
    done = prepare(stage.order, stage.cloud, stage.say)
    assert list(done.amis) == list(REGIONS)
    assert stage.faults.count("POST /snapshots") == 1


def test_when_the_first_region_is_down_another_takes_the_upload(stage: Stage) -> None:
    """The upload goes to the first region that answers; the one that is down is named as missing."""
    stage.faults.refuse = lambda call: 503 if call.region == "us-east-1" else None
    with pytest.raises(IncompleteError, match="no image was made in us-east-1"):
        prepare(stage.order, stage.cloud, stage.say)
    assert read_publication(stage.order.state).source == "eu-west-1"
    stage.faults.refuse = lambda _call: None
    assert list(prepare(stage.order, stage.cloud, stage.say).amis) == list(REGIONS)


def test_an_incomplete_publication_is_not_made_public(stage: Stage) -> None:
    """Verifying and making public refuse while a region has no image, and change nothing."""
    stage.faults.refuse = refusing("ec2", "RegisterImage", "eu-west-1", 400)
    with pytest.raises(IncompleteError):
        prepare(stage.order, stage.cloud, stage.say)
    for step in (verify, make_public):
        with pytest.raises(IncompleteError, match="no image in eu-west-1"):
            step(stage.order, stage.cloud, stage.say)
    assert images(stage, "us-east-1", public=True) == []


def test_an_unverified_publication_is_not_made_public(stage: Stage) -> None:
    """What was not read back is not given to the world."""
    prepare(stage.order, stage.cloud, stage.say)
    with pytest.raises(UnmetError, match="has not been verified"):
        make_public(stage.order, stage.cloud, stage.say)
    assert images(stage, "us-east-1", public=True) == []


def test_a_half_public_release_names_the_rest_and_is_completed(stage: Stage) -> None:
    """A region that fails at the last step is named; running the step again completes it."""
    prepare(stage.order, stage.cloud, stage.say)
    verify(stage.order, stage.cloud, stage.say)
    stage.faults.refuse = refusing("ec2", "ModifyImageAttribute", "eu-west-1", 400)
    with pytest.raises(IncompleteError, match="not public in eu-west-1"):
        make_public(stage.order, stage.cloud, stage.say)
    assert (len(images(stage, "us-east-1", public=True)), images(stage, "eu-west-1", public=True)) == (1, [])
    stage.faults.refuse = lambda _call: None
    make_public(stage.order, stage.cloud, stage.say)
    assert len(images(stage, "eu-west-1", public=True)) == 1


def test_the_snapshot_is_shared_before_the_image(stage: Stage) -> None:
    """Whoever can launch an image can always read its snapshot too."""
    prepare(stage.order, stage.cloud, stage.say)
    verify(stage.order, stage.cloud, stage.say)
    make_public(stage.order, stage.cloud, stage.say)
    shared = [c.action for c in stage.faults.calls if c.region == "us-east-1" and c.action.startswith("Modify")]
    assert shared == ["ModifySnapshotAttribute", "ModifyImageAttribute"]


def test_another_image_in_the_same_file_is_refused(stage: Stage, tmp_path: Path) -> None:
    """A publication's file belongs to one image: nothing of another one is mixed in."""
    prepare(stage.order, stage.cloud, stage.say)
    identity = stage.order.identity.model_copy(update={"serial": "20090724"})
    with pytest.raises(UnmetError, match="with other content"):
        prepare(dataclasses.replace(stage.order, identity=identity), stage.cloud, stage.say)
    other = dataclasses.replace(stage.order, image=sparse(tmp_path / "other", 4096, {0: b"other"}))
    with pytest.raises(VerificationError, match="is not the image that was published"):
        verify(other, stage.cloud, stage.say)


def test_a_publication_of_another_cloud_is_set_aside(stage: Stage) -> None:
    """What a rehearsal wrote neither disturbs the real day nor is lost."""
    prepare(stage.order, stage.cloud, stage.say)
    verify(stage.order, stage.cloud, stage.say)
    with fresh_cloud() as (address, _):
        other = Cloud(address, QUICK)
        with pytest.raises(UnmetError, match="not to this publication"):
            make_public(stage.order, other, stage.say)
        done = prepare(stage.order, other, stage.say)
    assert (done.cloud, done.verified) == (address, False)
    assert (stage.order.state.parent / "ec2.json.1").exists()


def test_an_unreachable_endpoint_is_one_clear_fault(stage: Stage) -> None:
    """An endpoint nobody listens on is named, for each region, without a traceback."""
    nowhere = Cloud("http://127.0.0.1:1", QUICK)
    with pytest.raises(RecipeError, match=r'cannot reach the cloud: .*"http://127\.0\.0\.1:1/"') as caught:
        prepare(stage.order, nowhere, stage.say)
    assert caught.value.exit_code == ExitCode.FAILED


def test_a_name_that_is_no_region_is_refused(stage: Stage) -> None:
    """boto3's refusal becomes a usage error."""
    with pytest.raises(RecipeError, match="cannot make a client for the region `no_region`"):
        prepare(dataclasses.replace(stage.order, regions=("no_region",)), stage.cloud, stage.say)


def test_a_copy_whose_snapshot_failed_is_made_again(stage: Stage) -> None:
    """A recorded snapshot that is gone from the cloud is replaced, and the image is made of the new one."""
    stage.faults.refuse = refusing("ec2", "RegisterImage", "eu-west-1", 400)
    with pytest.raises(IncompleteError):
        prepare(stage.order, stage.cloud, stage.say)
    lost = read_publication(stage.order.state).regions["eu-west-1"].snapshot
    snapshots.delete(stage.cloud.ec2("eu-west-1"), lost)
    stage.faults.refuse = lambda _call: None
    done = prepare(stage.order, stage.cloud, stage.say)
    assert done.regions["eu-west-1"].snapshot != lost
    verify(stage.order, stage.cloud, stage.say)
