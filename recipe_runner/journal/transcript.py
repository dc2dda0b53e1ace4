"""What a command wrote, read back from its blobs in the order in which it came."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal, NamedTuple

from recipe_runner.journal.blobs import TIMING, read_blob

Stream = Literal["stdout", "stderr"]
STREAMS: tuple[Stream, ...] = ("stdout", "stderr")


class Piece(NamedTuple):
    """Bytes of one stream that came together."""

    stream: Stream
    data: bytes


def transcript(run: Path, blobs: Mapping[str, Any]) -> Iterator[Piece]:
    """Yield what was written, as `blobs` of a `step_end` name it; raises VerificationError for a missing blob.

    What the timing does not account for comes at the end.
    """
    data = {name: read_blob(run, blobs[name]["sha256"]) for name in STREAMS if name in blobs}
    timing = read_blob(run, blobs[TIMING]["sha256"]) if TIMING in blobs else b""
    at = dict.fromkeys(data, 0)
    for row in timing.splitlines():
        match row.split():
            case [_, b"stdout" | b"stderr" as word, size] if size.isdigit() and len(size) < len(str(2**53)):
                stream: Stream = "stdout" if word == b"stdout" else "stderr"
                if stream in data:
                    begin, at[stream] = at[stream], at[stream] + int(size)
                    yield Piece(stream, data[stream][begin : at[stream]])
            case _:
                pass
    for stream, whole in data.items():
        if rest := whole[at[stream] :]:
            yield Piece(stream, rest)
