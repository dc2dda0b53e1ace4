"""Amounts of bytes as people write them: `10 GiB`, `500 MB`."""

from __future__ import annotations

import math
import re
from decimal import Decimal
from typing import Annotated

from pydantic import BeforeValidator, Field

UNITS = {
    "B": 1,
    **{f"{prefix}B": 1000**power for power, prefix in enumerate("kMGTP", start=1)},
    **{f"{prefix}iB": 1024**power for power, prefix in enumerate("KMGTP", start=1)},
}
_SIZE = re.compile(r"([0-9]{1,18}(?:\.[0-9]{1,6})?)\s*([A-Za-z]+)")


def parse_size(text: str) -> int:
    """Return the bytes in `10 GiB`, `1.5 GB` or `512 B`, rounded up; raises ValueError for anything else."""
    match = _SIZE.fullmatch(text.strip())
    if match is None or match[2] not in UNITS:
        raise ValueError(f"found `{text}`, wanted a number and one of {', '.join(f'`{u}`' for u in UNITS)}")
    size: Decimal = Decimal(match[1]) * UNITS[match[2]]
    return math.ceil(size)


def show_size(size: int) -> str:
    """Write a number of bytes for people, in binary units, rounded down."""
    value, unit = Decimal(size), "B"
    for larger in ("KiB", "MiB", "GiB", "TiB", "PiB"):
        if value < 1024:  # noqa: PLR2004 (the step between binary units)
            break
        value, unit = value / 1024, larger
    return f"{size} B" if unit == "B" else f"{int(value * 10) / 10:g} {unit}"


def _convert(value: object) -> object:
    return parse_size(value) if isinstance(value, str) else value


Size = Annotated[int, BeforeValidator(_convert, json_schema_input_type=str), Field(ge=0)]
