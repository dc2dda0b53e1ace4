"""Lengths of time as authors write them: `90s`, `5m`, `1h30m`, `2d`."""

from __future__ import annotations

import re
from datetime import timedelta
from functools import lru_cache

from recipe_runner.sanitise import line

PATTERN = re.compile(r"(?:(\d{1,5})d)?(?:(\d{1,6})h)?(?:(\d{1,8})m)?(?:(\d{1,9})s)?", re.ASCII)
SHOWN = 40
UNITS = (("d", 86400), ("h", 3600), ("m", 60), ("s", 1))


@lru_cache(maxsize=256)
def parse_duration(text: str) -> timedelta:
    """Read `90s`, `5m`, `1h30m` or `2d`; raises ValueError saying what is wanted."""
    match = PATTERN.fullmatch(text.strip())
    if match is None or not any(match.groups()):
        found = f"`{line(text[:SHOWN])}`" if text.strip() else "nothing"
        raise ValueError(f"found {found}, wanted a duration such as `90s`, `5m`, `1h30m` or `2d`")
    days, hours, minutes, seconds = (int(group or 0) for group in match.groups())
    return timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)


def format_duration(duration: timedelta) -> str:
    """Write a duration of whole seconds in the largest unit that divides it, as `sleep` and `timeout` read it."""
    seconds = duration // timedelta(seconds=1)
    unit, size = next((unit, size) for unit, size in UNITS if seconds % size == 0 and (seconds or size == 1))
    return f"{seconds // size}{unit}"
