"""Sizes as people write them: `1 GiB`, `160 MiB`."""

from __future__ import annotations

import re

MIB = 1 << 20
SIZE = r"(\d{1,6}) ?(MiB|GiB)"
_UNITS = {"MiB": MIB, "GiB": 1 << 30}


def parse_size(text: str) -> int:
    """Return bytes; raises ValueError saying what was wanted."""
    found = re.fullmatch(SIZE, text, re.ASCII)
    if not found:
        raise ValueError("wanted a size such as `160 MiB` or `1 GiB`")
    return int(found[1]) * _UNITS[found[2]]


def format_size(size: int) -> str:
    """Write bytes in the largest unit that reads well."""
    return f"{size / (1 << 30):.1f} GiB" if size >= 1 << 30 else f"{size / MIB:.0f} MiB"
