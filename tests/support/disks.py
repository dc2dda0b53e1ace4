"""Sparse raw disks with known content."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

MEBIBYTE = 1024**2


def sparse(path: Path, size: int, data: Mapping[int, bytes]) -> Path:
    """Write `data` by offset into a file of `size` bytes, holes elsewhere, and return its path."""
    with path.open("wb") as stream:
        stream.truncate(size)
        for offset, part in data.items():
            stream.seek(offset)
            stream.write(part)
    return path


def tiny_disk(path: Path) -> Path:
    """Write a disk of 8 MiB whose blocks 0, 3 and 15 hold data, and return its path."""
    half = MEBIBYTE // 2
    return sparse(path, 8 * MEBIBYTE, {0: b"boot", 3 * half + 7: b"\x01" * 1000, 16 * half - 4: b"end."})
