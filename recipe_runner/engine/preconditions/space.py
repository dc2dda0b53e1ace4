"""Room on a file system and in memory."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import ClassVar

from pydantic import Field
from typing_extensions import override

from recipe_runner.engine.preconditions.base import Finding, Precondition, World
from recipe_runner.engine.preconditions.sizes import Size, show_size

MEMINFO = Path("/proc/meminfo")


class Disk(Precondition):
    """So much is free for an ordinary user on the file system that holds a path."""

    kind: ClassVar[str] = "disk"
    summary: ClassVar[str] = "so much disk space is free"

    disk: Size = Field(description="such as `10 GiB`")
    at: str = Field(".", description="a path on the file system; what is not there yet counts as where it would be")

    @override
    def text(self) -> str:
        return f"{show_size(self.disk)} free at `{self.at}`"

    @override
    def evaluate(self, world: World) -> Finding:
        wanted = world.path(self.at)
        try:
            place = next(path for path in (wanted, *wanted.parents) if path.exists())
            state = os.statvfs(place)
        except OSError as error:
            return Finding(met=False, detail=f"`{self.at}` cannot be looked at: {error.strerror}")
        free = state.f_bavail * state.f_frsize
        met = free >= self.disk
        return Finding(
            met=met,
            detail=f"{show_size(free)} free at {place}",
            hint=None if met else f"free {show_size(self.disk - free)} more, or work on another file system",
        )


class Memory(Precondition):
    """So much memory can be had without swapping, as the kernel estimates it (`MemAvailable`, proc(5))."""

    kind: ClassVar[str] = "memory"
    summary: ClassVar[str] = "so much memory is available"

    memory: Size = Field(description="such as `4 GiB`")

    @override
    def text(self) -> str:
        return f"{show_size(self.memory)} of memory available"

    @override
    def evaluate(self, world: World) -> Finding:
        try:
            match = re.search(r"^MemAvailable:\s+(\d+) kB$", MEMINFO.read_text(), re.MULTILINE)
        except OSError as error:
            return Finding(met=False, detail=f"`{MEMINFO}` cannot be read: {error.strerror}")
        if match is None:
            return Finding(met=False, detail=f"`{MEMINFO}` does not say what is available")
        available = int(match[1]) * 1024
        met = available >= self.memory
        return Finding(
            met=met,
            detail=f"{show_size(available)} available",
            hint=None if met else "end other programs, or use a machine with more memory",
        )
