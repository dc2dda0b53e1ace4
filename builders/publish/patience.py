"""Trying again, within bounds: pauses grow, are never the same for two callers, and end."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from random import SystemRandom
from typing import TypeVar

T = TypeVar("T")
CHANCE = SystemRandom()


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a call that fails for a passing reason is repeated, and how often a slow thing is looked at (seconds).

    The default limit is what AWS documents for a snapshot that "does not exist" after it was started.
    """

    limit: float = 120.0
    first: float = 0.2
    longest: float = 8.0
    look: float = 5.0

    def pause(self, attempt: int) -> float:
        """Return the seconds to wait before attempt 1, 2, …: full jitter over an exponential ceiling."""
        return CHANCE.uniform(0, min(self.longest, self.first * 2.0**attempt))

    def keep_trying(self, call: Callable[[], T], *, passing: Callable[[Exception], bool]) -> T:
        """Return the value of `call`, repeated while its fault is a passing one; then the last fault is raised."""
        end = time.monotonic() + self.limit
        attempt = 0
        while True:
            try:
                return call()
            except Exception as fault:
                attempt += 1
                pause = self.pause(attempt)
                if not passing(fault) or time.monotonic() + pause > end:
                    raise
                time.sleep(pause)
