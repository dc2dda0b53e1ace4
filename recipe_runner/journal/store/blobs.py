"""What a step wrote, kept beside the journal: streamed to temporary files, then named by sha256."""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BufferedReader
from pathlib import Path
from typing import Any

from recipe_runner.durable import sync_directory
from recipe_runner.engine.events import Output
from recipe_runner.errors import VerificationError
from recipe_runner.journal.files import create, make_directory, open_regular, write_all

DIRECTORY = "blobs"
PART = "part-"
"""Temporary names begin so; what a crash leaves under such a name is evidence for people, and vouched for by nobody."""
TIMING = "timing"


@dataclass(slots=True)
class _Stream:
    path: Path
    descriptor: int
    size: int = 0
    digest: hashlib._Hash = field(default_factory=hashlib.sha256)

    def write(self, data: bytes) -> None:
        write_all(self.descriptor, data)
        self.size += len(data)
        self.digest.update(data)


class Attempt:
    """The blobs of one attempt at a step while it runs: its streams, and when each piece of them came.

    The timing blob has a line for each piece, in order: nanoseconds since the start, name of the stream, bytes.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._token = secrets.token_hex(8)
        self._streams: dict[str, _Stream] = {}

    def write(self, output: Output) -> None:
        """Append a piece of output; raises OSError."""
        if output.data:
            self._stream(output.stream).write(output.data)
            if output.stream != "state":
                self._stream(TIMING).write(f"{output.elapsed_ns} {output.stream} {len(output.data)}\n".encode())

    def commit(self) -> dict[str, dict[str, Any]]:
        """Make the blobs durable under their sha256 and return name and size of each stream; raises OSError."""
        named = {}
        for name, stream in sorted(self._streams.items()):
            sha256 = stream.digest.hexdigest()
            os.fsync(stream.descriptor)
            stream.path.replace(self._directory / sha256)
            named[name] = {"sha256": sha256, "size": stream.size}
        if named:
            sync_directory(self._directory)
        self.abandon()
        return named

    def abandon(self) -> None:
        """Let go of the files as they are."""
        for stream in self._streams.values():
            os.close(stream.descriptor)
        self._streams.clear()

    def _stream(self, name: str) -> _Stream:
        stream = self._streams.get(name)
        if stream is None:
            path = self._directory / f"{PART}{self._token}-{name}"
            stream = self._streams[name] = _Stream(path, create(path))
        return stream


def blob_directory(run: Path) -> Path:
    """Return the directory of a run's blobs, made if need be; raises OSError."""
    directory = run / DIRECTORY
    make_directory(directory)
    return directory


def keep(directory: Path, data: bytes) -> None:
    """Store bytes durably under their sha256; raises OSError."""
    final = directory / hashlib.sha256(data).hexdigest()
    if final.exists():
        return
    part = directory / f"{PART}{secrets.token_hex(8)}-document"
    descriptor = create(part)
    try:
        write_all(descriptor, data)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    part.replace(final)
    sync_directory(directory)


@contextmanager
def opened_blob(run: Path, sha256: str) -> Iterator[BufferedReader]:
    """Give a blob's file, at its beginning, once all of it has been hashed; raises what `read_blob` raises.

    For blobs of any size: nothing is held in memory.
    """
    try:
        with open_regular(run / DIRECTORY / sha256) as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != sha256:
                raise VerificationError.because(f"blob `{sha256}` of the journal has been changed")
            file.seek(0)
            yield file
    except OSError as error:
        raise VerificationError.because(f"blob `{sha256}` of the journal cannot be read: {error.strerror}") from error


def read_blob(run: Path, sha256: str) -> bytes:
    """Return a blob's bytes; raises VerificationError where they are missing or not those that were named."""
    try:
        with open_regular(run / DIRECTORY / sha256) as file:
            data = file.read()
    except OSError as error:
        raise VerificationError.because(f"blob `{sha256}` of the journal cannot be read: {error.strerror}") from error
    if hashlib.sha256(data).hexdigest() != sha256:
        raise VerificationError.because(f"blob `{sha256}` of the journal has been changed")
    return data
