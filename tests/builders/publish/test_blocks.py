from __future__ import annotations

import pytest
from botocore.stub import Stubber

from builders.publish.blocks import PAGE, Blocks
from tests.builders.publish.conftest import QUICK, Stage


def page(indexes: range, following: str | None) -> dict[str, object]:
    blocks = [{"BlockIndex": index, "BlockToken": f"token-{index}"} for index in indexes]
    return {"Blocks": blocks, "VolumeSize": 1, "BlockSize": 524288, **({"NextToken": following} if following else {})}


def test_long_lists_of_blocks_are_read_to_their_end(stage: Stage) -> None:
    """Every page is asked for, with the token of the page before."""
    client = stage.cloud.ebs("us-east-1")
    with Stubber(client) as stub:
        stub.add_response("list_snapshot_blocks", page(range(3), "more"), {"SnapshotId": "snap-1", "MaxResults": PAGE})
        stub.add_response(
            "list_snapshot_blocks",
            page(range(3, 5), None),
            {"SnapshotId": "snap-1", "MaxResults": PAGE, "NextToken": "more"},
        )
        found = Blocks(client, QUICK).listed("snap-1")
        stub.assert_no_pending_responses()
    assert found == {index: f"token-{index}" for index in range(5)}


@pytest.mark.parametrize("code", ["ResourceNotFoundException", "RequestThrottledException"])
def test_a_block_is_sent_again_while_its_snapshot_is_not_seen(stage: Stage, code: str) -> None:
    """Right after a snapshot was started the cloud may not know it yet: that, like throttling, passes."""
    from builders.publish.datamap import read_map

    client = stage.cloud.ebs("us-east-1")
    datamap = read_map(stage.order.image)
    arrived: list[tuple[int, ...]] = []
    with Stubber(client) as stub:
        stub.add_client_error("put_snapshot_block", code, http_status_code=400)
        stub.add_response("put_snapshot_block", {"Checksum": "", "ChecksumAlgorithm": "SHA256"})
        Blocks(client, QUICK).send("snap-1", stage.order.image, datamap, done=(0, 3), sent=arrived.append)
        stub.assert_no_pending_responses()
    assert arrived == [(0, 3, 15)]
