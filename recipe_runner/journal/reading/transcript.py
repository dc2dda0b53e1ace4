"""What a command wrote, read back from its blobs in the order in which it came, whatever its size."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any, BinaryIO, Literal, NamedTuple

from recipe_runner.journal.store.blobs import TIMING, opened_blob

Stream = Literal["stdout", "stderr"]
STREAMS: tuple[Stream, ...] = ("stdout", "stderr")
LARGEST = 1 << 16
"""Bytes of one piece."""
LONGEST_ROW = 128
"""Bytes of a row of the timing; the journal writes fewer."""
COUNTS = len(str(2**63))


class Piece(NamedTuple):
    """Bytes of one stream that came together, `elapsed_ns` after the command began."""

    stream: Stream
    data: bytes
    elapsed_ns: int = 0


def transcript(run: Path, blobs: Mapping[str, Any]) -> Iterator[Piece]:
    """Yield what was written, as `blobs` of a `step_end` name it; raises VerificationError for a missing blob.

    What the timing does not account for comes at the end.
    """
    with ExitStack() as stack:
        files = {
            name: stack.enter_context(opened_blob(run, blobs[name]["sha256"])) for name in STREAMS if name in blobs
        }
        elapsed = 0
        if TIMING in blobs:
            timing = stack.enter_context(opened_blob(run, blobs[TIMING]["sha256"]))
            for elapsed, stream, size in _rows(timing):
                if stream in files:
                    yield from _pieces(stream, files[stream], elapsed, size)
        for stream, file in files.items():
            yield from _pieces(stream, file, elapsed, None)


def _rows(timing: BinaryIO) -> Iterator[tuple[int, Stream, int]]:
    """Yield nanoseconds, stream and size of each row; a row in another form is passed over."""
    for row in iter(lambda: timing.readline(LONGEST_ROW), b""):
        match row.split():
            case [at, b"stdout" | b"stderr" as word, size] if at.isdigit() and size.isdigit():
                if len(at) <= COUNTS and len(size) <= COUNTS:
                    yield int(at), "stdout" if word == b"stdout" else "stderr", int(size)
            case _:
                pass


def _pieces(stream: Stream, file: BinaryIO, elapsed: int, size: int | None) -> Iterator[Piece]:
    """Yield the next `size` bytes of a stream, or all there are, in pieces."""
    while (size is None or size > 0) and (data := file.read(LARGEST if size is None else min(size, LARGEST))):
        size = None if size is None else size - len(data)
        yield Piece(stream, data, elapsed)
