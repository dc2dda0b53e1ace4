"""What must stay free where a build works: nothing that it runs may take the last of the machine's room."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from builders.images.size import format_size

MEMORY = Path("/dev/shm")  # noqa: S108 - held by a lock, made by mkdtemp
MARGIN = 512 << 20
"""The most bytes that are to stay free: about what a tool writes between two looks at it."""
_PART = 20
"""Of less room than that, this part of what was there."""


@dataclass(frozen=True, slots=True)
class Margin:
    """Bytes and files that are to stay possible at a place."""

    place: Path
    room: int
    files: int

    @classmethod
    def of(cls, place: Path) -> Self:
        """Return that of a place as it is now: a twentieth of what is free, and no more bytes than MARGIN."""
        room, files = _free(place)
        return cls(place, min(MARGIN, room // _PART), files // _PART)

    def shortage(self) -> str:
        """Say what is nearly used up; empty where nothing is."""
        room, files = _free(self.place)
        if room < self.room:
            return f"{format_size(room)} left in `{self.place}`"
        return f"{files} more files possible in `{self.place}`" if files < self.files else ""


def available_memory() -> int:
    """Return the bytes of memory that can be had without swapping (proc_meminfo(5))."""
    for text in Path("/proc/meminfo").read_text("ascii").splitlines():
        name, value = text.split(":", 1)
        if name == "MemAvailable":
            return int(value.split()[0]) * 1024
    return 0


def _free(place: Path) -> tuple[int, int]:
    """Return free bytes and files; no files where the file system does not count them."""
    state = os.statvfs(place)
    room = state.f_bavail * state.f_frsize
    return min(room, available_memory()) if place.is_relative_to(MEMORY) else room, state.f_favail
