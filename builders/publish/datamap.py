"""Which blocks of a disk image hold data, and what their checksums are: all that an EBS upload needs to know.

Holes are found by SEEK_DATA and SEEK_HOLE and never read; blocks of zeros are dropped, because a snapshot reads as
zeros wherever nothing was written.
"""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from recipe_runner.errors import RecipeError

BLOCK = 512 * 1024
"""Bytes in a block of an EBS snapshot (EBS direct APIs, "Concepts")."""

GIBIBYTE = 1024**3
ZEROS = bytes(BLOCK)


@dataclass(frozen=True)
class DataMap:
    """The blocks of an image that are not zero: block index → sha256 of its 512 KiB, the last one padded by zeros."""

    size: int
    checksums: Mapping[int, bytes]

    @property
    def gibibytes(self) -> int:
        """The size of the smallest volume that holds the image."""
        return max(1, -(-self.size // GIBIBYTE))

    @property
    def bytes_of_data(self) -> int:
        """How much has to be sent."""
        return len(self.checksums) * BLOCK

    @cached_property
    def content(self) -> str:
        """Identity of what a machine would read from the disk, in hex; the same however sparse the file is.

        The sha256 over the volume's GiB and each block's index and checksum, in order.
        """
        whole = hashlib.sha256(f"{self.gibibytes} GiB\n".encode())
        for index in sorted(self.checksums):
            whole.update(index.to_bytes(8, "big") + self.checksums[index])
        return whole.hexdigest()

    @cached_property
    def aggregate(self) -> str:
        """The LINEAR aggregate that CompleteSnapshot takes: base64 of the sha256 over all checksums in order."""
        joined = b"".join(self.checksums[index] for index in sorted(self.checksums))
        return base64.b64encode(hashlib.sha256(joined).digest()).decode()

    def checksum(self, index: int) -> str:
        """Return one block's checksum as PutSnapshotBlock takes it."""
        return base64.b64encode(self.checksums[index]).decode()


def read_map(path: Path) -> DataMap:
    """Read the data of the raw image at `path` once; raises RecipeError when it cannot be read or is empty."""
    try:
        with path.open("rb") as stream:
            size = os.fstat(stream.fileno()).st_size
            checksums = {
                index: hashlib.sha256(block).digest()
                for index in _indexes(stream.fileno(), size)
                if (block := read_block(stream.fileno(), index)) != ZEROS
            }
    except OSError as fault:
        raise RecipeError.because(f"cannot read the image `{path}`: {fault.strerror}") from fault
    if not checksums:
        raise RecipeError.because(f"the image `{path}` holds no data", hint="name a raw disk image")
    return DataMap(size, checksums)


def read_block(handle: int, index: int) -> bytes:
    """Return the 512 KiB at `index` of an open file, padded by zeros at its end; raises OSError."""
    parts: list[bytes] = []
    offset, end = index * BLOCK, (index + 1) * BLOCK
    while offset < end and (part := os.pread(handle, end - offset, offset)):
        parts.append(part)
        offset += len(part)
    return b"".join(parts).ljust(BLOCK, b"\0")


def _indexes(handle: int, size: int) -> Iterator[int]:
    """Yield the index of every block that a data extent of the file touches, each once, in order."""
    following = 0
    for start, end in _extents(handle, size):
        first = max(following, start // BLOCK)
        following = -(-end // BLOCK)
        yield from range(first, following)


def _extents(handle: int, size: int) -> Iterator[tuple[int, int]]:
    offset = 0
    while offset < size:
        try:
            start = os.lseek(handle, offset, os.SEEK_DATA)
        except OSError:  # ENXIO: nothing but a hole up to the end
            return
        offset = os.lseek(handle, start, os.SEEK_HOLE)
        yield start, offset
