from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from builders.publish import ami, readback
from builders.publish.cloud import Cloud
from builders.publish.datamap import BLOCK, DataMap
from builders.publish.ec2 import make_public, prepare, verify
from builders.publish.publication import Ledger, read_publication
from recipe_runner.errors import VerificationError
from tests.builders.publish.conftest import QUICK, REGIONS, Stage

PLAIN_MOTO = """
import sys
from moto.moto_server.threaded_moto_server import ThreadedMotoServer
server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
server.start()
print("http://%s:%s" % server.get_host_and_port(), flush=True)
sys.stdin.read()
server.stop()
"""


@contextmanager
def plain_moto() -> Iterator[str]:
    """Serve moto as it is, without the rehearsal cloud's memory, and give its address."""
    environ = {**os.environ, "MOTO_EC2_LOAD_DEFAULT_AMIS": "false"}
    with subprocess.Popen(
        [sys.executable, "-c", PLAIN_MOTO],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=environ,
    ) as server:
        assert server.stdout is not None
        yield server.stdout.readline().strip()
        server.terminate()


def test_everything_that_is_reported_is_compared(stage: Stage) -> None:
    """The rehearsal cloud reports every attribute and block, so nothing is left unchecked."""
    prepare(stage.order, stage.cloud, stage.say)
    stage.said.clear()
    assert verify(stage.order, stage.cloud, stage.say).verified
    assert not [text for text in stage.said if "not reported" in text]
    assert sum("3 blocks are there, 3 of them read back and equal" in text for text in stage.said) == 2


def test_an_image_of_another_snapshot_is_refused(stage: Stage) -> None:
    """An image that boots from something else than the upload fails with the wanted and the found snapshot."""
    done = prepare(stage.order, stage.cloud, stage.say)
    Ledger(stage.order.state, done).note_region("eu-west-1", snapshot=done.regions["us-east-1"].snapshot)
    with pytest.raises(VerificationError, match=r"root snapshot is `snap-.*`, wanted `snap-"):
        verify(stage.order, stage.cloud, stage.say)
    assert not read_publication(stage.order.state).verified


def test_a_missing_image_is_refused(stage: Stage) -> None:
    """An image that somebody deregistered in the meantime is missed."""
    done = prepare(stage.order, stage.cloud, stage.say)
    ami.deregister(stage.cloud.ec2("eu-west-1"), done.amis["eu-west-1"])
    with pytest.raises(VerificationError, match=r"eu-west-1: the image `ami-.*` does not exist"):
        verify(stage.order, stage.cloud, stage.say)


def test_other_data_in_the_cloud_is_found(stage: Stage) -> None:
    """A block that the cloud gives back differently is named with its index."""
    done = prepare(stage.order, stage.cloud, stage.say)
    from moto.ebs.models import ebs_backends

    stored = ebs_backends[done.account]["us-east-1"].snapshots[done.regions["us-east-1"].snapshot]
    stored.blocks[3].block_data = bytes(BLOCK)
    del stored.blocks[15]
    with pytest.raises(VerificationError) as caught:
        verify(stage.order, stage.cloud, stage.say)
    messages = "\n".join(d.message for d in caught.value.diagnostics)
    assert "block 3 has other data than the image" in messages
    assert "block 15 is missing" in messages


def test_an_image_that_is_public_too_early_is_refused(stage: Stage) -> None:
    """A launch permission that nobody asked for is a fault, not a success."""
    done = prepare(stage.order, stage.cloud, stage.say)
    ami.share(stage.cloud.ec2("us-east-1"), done.amis["us-east-1"])
    with pytest.raises(VerificationError, match="public is `True`, wanted `False`"):
        verify(stage.order, stage.cloud, stage.say)


def test_a_public_publication_can_be_verified_again(stage: Stage) -> None:
    """After it became public its attributes are compared; its blocks cannot be read, which is said."""
    for step in (prepare, verify, make_public):
        step(stage.order, stage.cloud, stage.say)
    stage.said.clear()
    verify(stage.order, stage.cloud, stage.say)
    assert sum("is public, so its blocks are not read again" in text for text in stage.said) == len(REGIONS)


def test_on_aws_an_unreported_attribute_is_a_fault(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only an endpoint other than AWS may leave something out."""
    done = prepare(stage.order, stage.cloud, stage.say)
    monkeypatch.setattr(readback, "of_image", lambda *_args, **_kwargs: {"boot mode": (None, "uefi")})
    datamap = DataMap(1, {})
    aws = done.model_copy(update={"cloud": "aws"})
    with pytest.raises(VerificationError, match="boot mode is not reported"):
        readback.verify_region("us-east-1", aws, stage.cloud, datamap, stage.say)


def test_a_cloud_that_forgets_is_never_believed(stage: Stage) -> None:
    """Plain moto keeps neither tags nor architecture nor the snapshot: named as unchecked, or refused."""
    with plain_moto() as address:
        cloud = Cloud(address, QUICK)
        prepare(stage.order, cloud, stage.say)
        assert sum("not checked: us-east-1: public access block" in text for text in stage.said) == 2
        stage.said.clear()
        with pytest.raises(VerificationError, match="root snapshot is"):
            verify(stage.order, cloud, stage.say)
        unchecked = [text.rpartition(": ")[2] for text in stage.said if "not reported by this endpoint" in text]
        assert {"architecture", "image tag content", "ENA"} <= set(unchecked)
        with pytest.raises(Exception, match="has not been verified"):
            make_public(stage.order, cloud, stage.say)
