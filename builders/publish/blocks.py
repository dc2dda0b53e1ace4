"""The blocks of a snapshot: sent side by side, sealed with the checksum of all, and read back."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from builders.publish.cloud import IN_FLIGHT
from builders.publish.datamap import BLOCK, ZEROS, DataMap, read_block
from builders.publish.faults import code_of, passing
from builders.publish.patience import Patience

if TYPE_CHECKING:
    from mypy_boto3_ebs import EBSClient
    from mypy_boto3_ebs.type_defs import ListSnapshotBlocksResponseTypeDef

BATCH = 128
"""Blocks between two notes of what has been sent: at most this many are sent again after a crash."""

PAGE = 10_000
"""The most blocks that ListSnapshotBlocks gives in one reply."""

TIMEOUT = 240
"""Minutes after which the cloud gives up a snapshot that receives nothing."""


@dataclass(frozen=True, slots=True)
class Blocks:
    """The EBS direct calls for one region; every fault that passes is waited out as `patience` says.

    Raises what boto3 raises (`cloud.Fault`).
    """

    client: EBSClient
    patience: Patience

    def start(self, datamap: DataMap, *, name: str, tags: dict[str, str], token: str) -> str:
        """Begin a snapshot and return its id; with the same token the cloud finds the one it began before."""
        reply = self.patience.keep_trying(
            lambda: self.client.start_snapshot(
                VolumeSize=datamap.gibibytes,
                Description=name,
                Tags=[{"Key": key, "Value": value} for key, value in tags.items()],
                ClientToken=token,
                Timeout=TIMEOUT,
            ),
            passing=passing,
        )
        return reply["SnapshotId"]

    def send(
        self,
        snapshot: str,
        image: Path,
        datamap: DataMap,
        *,
        done: Iterable[int],
        sent: Callable[[tuple[int, ...]], None],
    ) -> None:
        """Send the blocks of the map that are not in `done`; `sent` is told all that have arrived, batch by batch.

        The image is read again: a block that changed since the map was made does not have the map's checksum, and
        the cloud refuses it.
        """
        arrived = set(done)
        todo = iter(sorted(datamap.checksums.keys() - arrived))
        with image.open("rb") as stream, ThreadPoolExecutor(IN_FLIGHT) as pool:
            while batch := list(islice(todo, BATCH)):
                list(pool.map(lambda index: self._put(snapshot, stream.fileno(), datamap, index), batch))
                arrived.update(batch)
                sent(tuple(sorted(arrived)))

    def seal(self, snapshot: str, datamap: DataMap) -> None:
        """Say that every block was written, with their number and the checksum of all."""
        self.patience.keep_trying(
            lambda: self.client.complete_snapshot(
                SnapshotId=snapshot,
                ChangedBlocksCount=len(datamap.checksums),
                Checksum=datamap.aggregate,
                ChecksumAlgorithm="SHA256",
                ChecksumAggregationMethod="LINEAR",
            ),
            passing=passing,
        )

    def listed(self, snapshot: str) -> dict[int, str]:
        """Return the token of every block that was written, by index."""
        found: dict[int, str] = {}
        following = ""
        while True:
            reply = self.patience.keep_trying(partial(self._page, snapshot, following), passing=passing)
            found |= {block["BlockIndex"]: block["BlockToken"] for block in reply["Blocks"]}
            following = reply.get("NextToken", "")
            if not following:
                return found

    def differing(self, snapshot: str, datamap: DataMap, tokens: dict[int, str], indexes: Sequence[int]) -> list[int]:
        """Read blocks back and return the indexes of those that are not what the map says (zeros where it has none)."""
        with ThreadPoolExecutor(IN_FLIGHT) as pool:
            same = pool.map(lambda index: self._same(snapshot, datamap, index, tokens[index]), indexes)
            return [index for index, agrees in zip(indexes, same, strict=True) if not agrees]

    def _put(self, snapshot: str, handle: int, datamap: DataMap, index: int) -> None:
        self.patience.keep_trying(
            lambda: self.client.put_snapshot_block(
                SnapshotId=snapshot,
                BlockIndex=index,
                BlockData=read_block(handle, index),
                DataLength=BLOCK,
                Checksum=datamap.checksum(index),
                ChecksumAlgorithm="SHA256",
            ),
            passing=lambda fault: passing(fault) or code_of(fault) == "ResourceNotFoundException",
        )

    def _page(self, snapshot: str, following: str) -> ListSnapshotBlocksResponseTypeDef:
        if following:
            return self.client.list_snapshot_blocks(SnapshotId=snapshot, MaxResults=PAGE, NextToken=following)
        return self.client.list_snapshot_blocks(SnapshotId=snapshot, MaxResults=PAGE)

    def _get(self, snapshot: str, index: int, token: str) -> bytes:
        reply = self.client.get_snapshot_block(SnapshotId=snapshot, BlockIndex=index, BlockToken=token)
        return reply["BlockData"].read()

    def _same(self, snapshot: str, datamap: DataMap, index: int, token: str) -> bool:
        block = self.patience.keep_trying(partial(self._get, snapshot, index, token), passing=passing)
        wanted = datamap.checksums.get(index)
        return block == ZEROS if wanted is None else hashlib.sha256(block).digest() == wanted
