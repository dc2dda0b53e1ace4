"""Bytes that a child process reads or writes as a file, without a name in any directory."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def memory(data: bytes | str = b"") -> Iterator[int]:
    """Hold bytes in a memory file, at its beginning, for the time of a `with` block; yield its descriptor.

    A text becomes the bytes from which it was read (UTF-8, `surrogateescape`).
    """
    descriptor = os.memfd_create("recipe", os.MFD_CLOEXEC)
    try:
        left = memoryview(data if isinstance(data, bytes) else data.encode("utf-8", "surrogateescape"))
        while left:
            left = left[os.write(descriptor, left) :]
        os.lseek(descriptor, 0, os.SEEK_SET)
        yield descriptor
    finally:
        os.close(descriptor)


def content(descriptor: int) -> bytes:
    """Return all that a memory file holds."""
    return os.pread(descriptor, os.fstat(descriptor).st_size, 0)
