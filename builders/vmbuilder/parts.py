"""VMBuilder's part files: `mountpoint size` a line in megabytes, a line of `---` begins the next disk; pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

from recipe_runner.errors import Diagnostic, Span
from recipe_runner.sanitise import line

_UNITS = {"": 1, "M": 1, "G": 1024}


@dataclass(frozen=True, slots=True)
class Part:
    """One partition: `/`, another mount point or `swap`, and its size in MiB."""

    mount: str
    size: int


@dataclass(frozen=True, slots=True)
class Parts:
    """The disks of a part file, its faults, and what was passed over with the reason."""

    disks: tuple[tuple[Part, ...], ...]
    faults: tuple[Diagnostic, ...]
    passed_over: tuple[tuple[Span, str], ...]


def parse_size(text: str) -> int:
    """Return MiB; `4096`, `4096M` and `4G` are the same. Raises ValueError."""
    found = re.fullmatch(r"(\d{1,9})([MG]?)", text.strip(), re.ASCII | re.IGNORECASE)
    if not found:
        raise ValueError(f"`{line(text)}` is no size, wanted megabytes such as `4096` or `4G`")
    return int(found[1]) * _UNITS[found[2].upper()]


def parse_parts(text: str, file: str) -> Parts:
    """Read a part file; every fault has its line."""
    disks: list[list[Part]] = [[]]
    faults: list[Diagnostic] = []
    passed_over: list[tuple[Span, str]] = []
    for number, content in enumerate(text.splitlines(), 1):
        words = content.split()
        span = Span(file, number, 1, max(1, len(content)), content)
        if not words:
            continue
        if words == ["---"]:
            disks.append([])
            continue
        if len(words) < 2:  # noqa: PLR2004 - mount point and size
            faults.append(Diagnostic(f"`{line(content)}` has no size", span, "write `mountpoint megabytes`"))
            continue
        try:
            size = parse_size(words[1])
        except ValueError as fault:
            faults.append(Diagnostic(str(fault), span))
            continue
        mount = {"root": "/", "swap": "swap"}.get(words[0], words[0])
        if mount != "swap" and not mount.startswith("/"):
            faults.append(Diagnostic(f"`{line(mount)}` is no mount point", span, "write `root`, `swap` or a path"))
        elif size == 0:
            passed_over.append((span, f"`{line(mount)}` has no size: another disk of the machine, not of the image"))
        else:
            disks[-1].append(Part(mount, size))
            if len(words) > 2:  # noqa: PLR2004 - a device and a file may follow for Xen
                passed_over.append((span, f"`{line(' '.join(words[2:]))}` names a device or file: not needed"))
    return Parts(tuple(tuple(disk) for disk in disks if disk), tuple(faults), tuple(passed_over))
