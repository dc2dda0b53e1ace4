"""Bytes that a child process reads or writes as a file, without a name in any directory."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def memory(data: bytes = b"") -> Iterator[int]:
    """Hold bytes in a memory file, at its beginning, for the time of a `with` block; yield its descriptor."""
    descriptor = os.memfd_create("recipe", os.MFD_CLOEXEC)
    try:
        with open(descriptor, "wb", closefd=False) as file:
            file.write(data)
        os.lseek(descriptor, 0, os.SEEK_SET)
        yield descriptor
    finally:
        os.close(descriptor)


def content(descriptor: int) -> bytes:
    """Return all that a memory file holds."""
    return os.pread(descriptor, os.fstat(descriptor).st_size, 0)
