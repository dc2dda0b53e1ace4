"""What must stay free where a build works: nothing that it runs may take the last of the machine's room."""

from __future__ import annotations

import os
from pathlib import Path

from builders.images.size import format_size

MEMORY = Path("/dev/shm")  # noqa: S108 - held by a lock, made by mkdtemp
MARGIN = 512 << 20
"""Bytes that are to stay free, of a small place a twentieth: about what a tool writes between two looks at it."""
_PART = 20


def shortage(place: Path) -> str:
    """Say what is nearly used up at a place; empty where nothing is."""
    state = os.statvfs(place)
    free = state.f_bavail * state.f_frsize
    if place.is_relative_to(MEMORY):
        free = min(free, available_memory())
    if free < min(MARGIN, state.f_blocks * state.f_frsize // _PART):
        return f"{format_size(free)} left in `{place}`"
    if state.f_files and state.f_favail < state.f_files // _PART:
        return f"{state.f_favail} more files possible in `{place}`"
    return ""


def available_memory() -> int:
    """Return the bytes of memory that can be had without swapping (proc_meminfo(5))."""
    for text in Path("/proc/meminfo").read_text("ascii").splitlines():
        name, value = text.split(":", 1)
        if name == "MemAvailable":
            return int(value.split()[0]) * 1024
    return 0
