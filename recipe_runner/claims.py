"""Claimed directories: scratch space that its maker holds by a lock, so that a dead maker's rest can be told and swept.

The lock is `flock(2)` on the directory itself: the kernel lets go of it however the process ends.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path

Removal = Callable[[Path], None]


def remove(path: Path) -> None:
    """Remove a directory whole, as far as that is possible; never fails."""
    shutil.rmtree(path, ignore_errors=True)


@contextmanager
def claimed(
    parent: Path, prefix: str, label: str = "", *, mode: int = 0o700, remove: Removal = remove
) -> Iterator[Path]:
    """Give a fresh directory `<prefix><label>…` in `parent`, locked while the block runs and removed after it.

    Directories with the same prefix that are this user's and that nobody holds are removed first.
    Raises OSError when `parent` cannot be used; `parent` must not be a directory other people can rename in,
    unless it is sticky.
    """
    path, lock = _claim(parent, prefix, label, remove)
    try:
        path.chmod(mode)
        yield path
    finally:
        remove(path)
        os.close(lock)


def temporary(name: str) -> AbstractContextManager[Path]:
    """Give such a directory in the temporary folder, for one purpose of this user's."""
    return claimed(Path(tempfile.gettempdir()), f"recipe-{name}-{os.getuid()}-")


def held(parent: Path, prefix: str) -> bool:
    """Say whether somebody is at work in a directory of this prefix."""
    return any(_is_locked(path) for path in parent.glob(f"{prefix}*"))


def _is_locked(path: Path) -> bool:
    try:
        handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(handle)
    return False


def _claim(parent: Path, prefix: str, label: str, remove: Removal) -> tuple[Path, int]:
    for rest in parent.glob(f"{prefix}*"):
        _sweep(rest, remove)
    while True:
        path = Path(tempfile.mkdtemp(prefix=f"{prefix}{label}-", dir=parent))
        try:
            lock = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
        except FileNotFoundError:
            continue  # swept between its making and its opening
        fcntl.flock(lock, fcntl.LOCK_EX)
        if path.exists():
            return path, lock
        os.close(lock)  # swept between its opening and its locking


def _sweep(rest: Path, remove: Removal) -> None:
    try:
        handle = os.open(rest, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError:
        return
    try:
        if os.fstat(handle).st_uid == os.geteuid():
            with suppress(BlockingIOError):
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                remove(rest)
    finally:
        os.close(handle)
