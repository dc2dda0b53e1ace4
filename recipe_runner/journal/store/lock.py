"""One writer: a lock on a run's directory for as long as its runner lives."""

from __future__ import annotations

import contextlib
import fcntl
import os
from pathlib import Path

from recipe_runner.errors import UnmetError
from recipe_runner.journal.files import FILE_MODE

NAME = "lock"


class RunLock:
    """Holds the lock until `release`, or until the process ends in whatever way."""

    def __init__(self, directory: Path) -> None:
        """Take the lock; raises UnmetError naming the process that has it, and OSError."""
        self._descriptor = os.open(directory / NAME, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, FILE_MODE)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.pread(self._descriptor, 32, 0).decode("ascii", "replace").strip()
            os.close(self._descriptor)
            raise UnmetError.because(
                f"process {holder if holder.isdigit() else '(unknown)'} is running `{directory}`",
                hint="wait until it ends, or go on there",
            ) from error
        with contextlib.suppress(OSError):  # the number only informs others
            os.ftruncate(self._descriptor, 0)
            os.pwrite(self._descriptor, f"{os.getpid()}\n".encode(), 0)

    def release(self) -> None:
        """Give the lock back."""
        os.close(self._descriptor)
