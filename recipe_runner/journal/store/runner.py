"""Whether a runner is at work on a run, found out without taking the run's lock even for a moment."""

from __future__ import annotations

import os
from pathlib import Path

from recipe_runner.journal.files import open_regular
from recipe_runner.journal.store.lock import NAME

LOCKS = Path("/proc/locks")


def runner(directory: Path) -> int | None:
    """Return the process id of whoever runs `directory` on this machine, or None.

    A row of /proc/locks (proc(5)) counts when it is a `flock` on the lock file's inode by the process that the file
    names; the device is not compared, since file systems such as overlayfs report another one there.
    """
    try:
        with open_regular(directory / NAME) as lock:
            inode = os.fstat(lock.fileno()).st_ino
            named = lock.read(32).decode("ascii", "replace").strip()
        rows = LOCKS.read_text("ascii", "replace").splitlines()
    except OSError:
        return None
    for row in rows:
        match row.split():
            case [_, "FLOCK", "ADVISORY", "WRITE", pid, place, *_] if pid == named and place.rpartition(":")[2] == str(
                inode
            ):
                return int(pid)
            case _:
                pass
    return None
