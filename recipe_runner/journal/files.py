"""A journal's files: private, whole or not there, and failures as clear errors."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path

from recipe_runner.durable import sync_directory, write_durably
from recipe_runner.errors import IncompleteError, UnmetError, UsageError

DIRECTORY_MODE = 0o700
FILE_MODE = 0o600
HINTS = {
    errno.ENOSPC: "free some space, then `recipe resume`",
    errno.EDQUOT: "free some of the quota, then `recipe resume`",
    errno.EROFS: "mount it writable, then `recipe resume`",
}


def create(path: Path) -> int:
    """Open a new private file for appending and return its descriptor; raises OSError."""
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, FILE_MODE)


def make_directory(path: Path) -> None:
    """Make sure that a private directory is there, and that no loss of power takes it; raises OSError."""
    missing = [directory for directory in (path, *path.parents) if not directory.exists()]
    path.mkdir(DIRECTORY_MODE, parents=True, exist_ok=True)
    for directory in missing:
        sync_directory(directory.parent)


def write_all(descriptor: int, data: bytes) -> None:
    """Write all of `data`, in one call unless the system takes less; raises OSError."""
    left = memoryview(data)
    while left:
        left = left[os.write(descriptor, left) :]


def publish(path: Path, data: bytes) -> None:
    """Write a private file whole or not at all, replacing what was there; raises OSError."""
    write_durably(path, [data], mode=FILE_MODE)


def reserve(path: Path, size: int) -> None:
    """Make sure that a private file of `size` bytes has its place on the disk; raises OSError."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, FILE_MODE)
    try:
        os.posix_fallocate(descriptor, 0, size)
    finally:
        os.close(descriptor)


def open_regular(path: Path) -> BufferedReader:
    """Open a regular file for reading, following no link and waiting for no pipe; raises OSError."""
    return os.fdopen(_open_regular(path, os.O_RDONLY), "rb")


def open_to_append(path: Path) -> int:
    """Open a file that is there, to read it and to write at its end, and return its descriptor.

    Raises UnmetError where it may only be read, and OSError, also where it is no regular file.
    """
    try:
        return _open_regular(path, os.O_RDWR | os.O_APPEND)
    except OSError as error:
        if error.errno not in {errno.EROFS, errno.EACCES, errno.EPERM}:
            raise
        raise UnmetError.because(
            f"cannot write `{path}`: {error.strerror}",
            hint="make it writable, or copy the run's directory whole and go on with the copy",
        ) from error


def _open_regular(path: Path, how: int) -> int:
    descriptor = os.open(path, how | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "not a regular file", str(path))
    return descriptor


@contextmanager
def beginning(what: Path) -> Iterator[None]:
    """Turn a system's refusal to make a run's directory into IncompleteError, which says that no run has begun."""
    try:
        yield
    except OSError as error:
        raise IncompleteError.because(
            f"cannot write a run into `{what.parent}`: {error.strerror}",
            hint="no run has begun: make room there, or name a directory that you can write: --runs DIR",
        ) from error


@contextmanager
def writing(what: Path) -> Iterator[None]:
    """Turn a system's refusal to write into IncompleteError."""
    try:
        yield
    except OSError as error:
        raise IncompleteError.because(
            f"cannot write `{what}`: {error.strerror}",
            hint=HINTS.get(error.errno or 0, "mend this, then `recipe resume`"),
        ) from error


@contextmanager
def reading(what: Path) -> Iterator[None]:
    """Turn a system's refusal to read into UsageError."""
    try:
        yield
    except OSError as error:
        raise UsageError.because(
            f"cannot read `{error.filename or what}`: {error.strerror}",
            hint="name the directory of a run that you can read",
        ) from error
