"""Files with holes: what they hold is found, copied and summed, and the holes are not read."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from io import FileIO
from pathlib import Path
from typing import BinaryIO

from builders.images.size import MIB

_ZEROS = bytes(MIB)


def copy_data(source: Path, target: Path, offset: int = 0, *, start: int = 0, stop: int | None = None) -> None:
    """Copy `source` from `start` to `stop` (its end) into `target` at `offset`; `target` must read as zeros there.

    The kernel copies; holes are passed over, at any speed the disk allows. Raises OSError.
    """
    with source.open("rb") as reader, target.open("r+b", buffering=0) as writer:
        for begin, end in _stretches(reader.fileno(), start, stop):
            writer.seek(offset + begin - start)
            send(reader, writer, begin, end)


def send(source: BinaryIO | FileIO, sink: BinaryIO | FileIO, begin: int, end: int) -> None:
    """Let the kernel append what lies between `begin` and `end` of one file to another; raises OSError."""
    sink.flush()
    while begin < end:
        sent = os.sendfile(sink.fileno(), source.fileno(), begin, end - begin)
        if not sent:
            raise OSError(errno.EIO, "is cut short", source.name)
        begin += sent


def copy_sparse(source: Path, target: Path) -> None:
    """Copy a file into the new file `target`, its holes kept; raises OSError."""
    with target.open("xb") as stream:
        stream.truncate(source.stat().st_size)
    copy_data(source, target)


def pieces(path: Path) -> Iterator[bytes]:
    """Give all bytes of a file in order, at most a MiB at once; those of holes are not read."""
    with path.open("rb", buffering=0) as stream:
        done = 0
        for begin, end in _stretches(stream.fileno(), 0, None):
            yield from _zeros(begin - done)
            done = begin
            while done < end and (data := os.pread(stream.fileno(), min(MIB, end - done), done)):
                yield data
                done += len(data)
        yield from _zeros(os.fstat(stream.fileno()).st_size - done)


def filled_blocks(path: Path) -> Iterator[tuple[int, bytes]]:
    """Give each MiB of a file that is not all zeros, with its number; wherever the holes are, they are the same."""
    with path.open("rb", buffering=0) as stream:
        following = 0
        for begin, end in _stretches(stream.fileno(), 0, None):
            for number in range(max(following, begin // MIB), -(-end // MIB)):
                data = os.pread(stream.fileno(), MIB, number * MIB)
                if data != _ZEROS[: len(data)]:
                    yield number, data
            following = -(-end // MIB)


def _stretches(handle: int, start: int, stop: int | None) -> Iterator[tuple[int, int]]:
    """Give begin and end of each stretch between `start` and `stop` that is no hole."""
    last = os.fstat(handle).st_size if stop is None else stop
    while start < last:
        try:
            begin = os.lseek(handle, start, os.SEEK_DATA)
        except OSError as fault:
            if fault.errno != errno.ENXIO:
                raise
            return  # a hole up to the end
        if begin >= last:
            return
        start = min(last, os.lseek(handle, begin, os.SEEK_HOLE))
        yield begin, start


def _zeros(count: int) -> Iterator[bytes]:
    while count > 0:
        yield _ZEROS[:count]
        count -= MIB
