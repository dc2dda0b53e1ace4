"""Processes that a builder left behind, killed or interrupted as it started one: ended before their scratch place goes.

They are known by `TMPDIR`, which each tool of a build has in its environment (proc(5)) and which lies in the build's
own scratch directory; what a tool has started may lack it, but is in the tool's process group. Whoever else could have
it there has no business with a place that nobody claims.
"""

from __future__ import annotations

import os
import select
import signal
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

NAMESPACE = ("unshare", "--map-root-user", "--map-auto")
"""Makes its user root over the user's range of further numbers (subuid(5)), who own what is in an unpacked root."""
_SECONDS = 10.0


def end_orphans(directory: Path) -> None:
    """Kill every process whose TMPDIR lies in `directory`, and wait until all are gone."""
    handles = list(_handles(directory))
    try:
        for handle in handles:
            with suppress(OSError):
                signal.pidfd_send_signal(handle, signal.SIGKILL)
        for handle in handles:
            poll = select.poll()
            poll.register(handle, select.POLLIN)
            poll.poll(_SECONDS * 1000)
    finally:
        for handle in handles:
            os.close(handle)


def remove(path: Path) -> None:
    """Remove a directory whole, also where an ordinary user's further numbers own some of it; never fails.

    rm(1) does it: what packages have made may be nested deeper than Python can follow.
    """
    for entered in ((), NAMESPACE) if os.geteuid() else ((),):
        if path.exists():
            with suppress(OSError):
                words = [*entered, "rm", "-rf", "--one-file-system", "--", path]
                subprocess.run(words, capture_output=True, check=False)


def _handles(directory: Path) -> Iterator[int]:
    """Give open handles of the processes that name the place, and of all that are in a process group with one."""
    place = f"TMPDIR={directory}/".encode()
    groups = {_group(pid) for pid in _processes() if _names(pid, place)} - {None, os.getpgrp()}
    for pid in _processes():
        try:
            handle = os.pidfd_open(pid)
        except OSError:
            continue
        # looked at behind the opening: what is found is true of the process that the handle means
        if _group(pid) in groups or _names(pid, place):
            yield handle
        else:
            os.close(handle)


def _processes() -> Iterator[int]:
    mine = os.getpid()
    return (int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit() and int(entry.name) != mine)


def _names(pid: int, place: bytes) -> bool:
    try:
        return any(entry.startswith(place) for entry in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0"))
    except OSError:
        return False


def _group(pid: int) -> int | None:
    try:
        return os.getpgid(pid)
    except OSError:
        return None
