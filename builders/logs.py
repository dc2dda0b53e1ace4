"""Logs that stay in the user's cache for whoever asks what went wrong: the newest of a directory, no more."""

from __future__ import annotations

from pathlib import Path

NEWEST = 50


def prune(directory: Path, newest: int = NEWEST) -> None:
    """Remove all logs of the directory but the newest; what another process removes meanwhile is gone as well."""
    times = []
    for path in directory.glob("*.log"):
        try:
            times.append((path.stat().st_mtime_ns, path))
        except FileNotFoundError:
            continue
    for _, path in sorted(times, reverse=True)[newest:]:
        path.unlink(missing_ok=True)
