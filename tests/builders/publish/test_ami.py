from __future__ import annotations

from typing import Any

import pytest

from builders.publish import ami
from builders.publish.ec2 import prepare
from builders.publish.patience import Patience
from recipe_runner.errors import RecipeError
from tests.builders.publish.conftest import QUICK, Stage

REGION = "us-east-1"


def stored(image: str) -> Any:
    """Return the rehearsal cloud's own record of an image."""
    from moto.ec2.models import ec2_backends

    return ec2_backends["123456789012"][REGION].amis[image]


def test_an_image_that_failed_is_not_waited_for(stage: Stage) -> None:
    """A state from which no image becomes available is a failure at once."""
    image = prepare(stage.order, stage.cloud, stage.say).amis[REGION]
    stored(image).state = "failed"
    with pytest.raises(RecipeError, match=f"`{image}` is `failed`"):
        ami.wait(stage.cloud.ec2(REGION), image, patience=QUICK, say=stage.say)


def test_waiting_has_a_limit(stage: Stage) -> None:
    """An image that stays pending, or never appears, ends the wait at its limit."""
    client = stage.cloud.ec2(REGION)
    image = prepare(stage.order, stage.cloud, stage.say).amis[REGION]
    stored(image).state = "pending"
    short = Patience(limit=0.1, look=0.02)
    with pytest.raises(RecipeError, match="is not available after"):
        ami.wait(client, image, patience=short, say=stage.say, limit=0.1)
    with pytest.raises(RecipeError, match="is not available after"):
        ami.wait(client, "ami-00000000000000000", patience=short, say=stage.say)


def test_deregistering_what_is_gone_is_no_fault(stage: Stage) -> None:
    """A rollback can be repeated, also for an image the cloud never knew."""
    client = stage.cloud.ec2(REGION)
    image = prepare(stage.order, stage.cloud, stage.say).amis[REGION]
    for name in (image, image, "ami-00000000000000000"):
        ami.deregister(client, name)
    assert ami.find(client, stage.order.identity.name) is None
