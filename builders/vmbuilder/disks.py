"""The disks: from three sizes, or from a part file."""

from __future__ import annotations

from typing import Any

from builders.images.disks import OVERHEAD, TABLES
from builders.images.size import MIB
from builders.vmbuilder.parts import Part, parse_parts, parse_size
from builders.vmbuilder.work import Work

ROOT_MIB, SWAP_MIB, OPT_MIB = 4096, 1024, 0
"""VMBuilder's own sizes where none are given."""


def disks(work: Work) -> None:
    """Write `disk` and `disks`."""
    found = _part_disks(work) if work.text("part") else [_simple_disk(work)]
    if not found or not found[0]:
        return
    root, others = None, []
    for part in found[0]:
        if part.mount == "/":
            root = part
        else:
            others.append(part)
    if root is None:
        work.fault("part", "the first disk has no `root`", hint="write `root SIZE` as its first line")
        return
    size = sum(part.size for part in found[0]) * MIB + OVERHEAD
    disk: dict[str, Any] = {"size": _mib(size)}
    if others:
        disk["partitions"] = [_partition(part) for part in others]
    work.made.table["disk"] = disk
    if len(found) > 1:
        work.made.table["disks"] = [
            {
                "name": f"disk{number}",
                "size": _mib(sum(part.size for part in parts) * MIB + TABLES),
                "partitions": [_partition(part) for part in parts],
            }
            for number, parts in enumerate(found[1:], 2)
        ]


def _simple_disk(work: Work) -> list[Part]:
    sizes = {}
    for name, default in (("rootsize", ROOT_MIB), ("swapsize", SWAP_MIB), ("optsize", OPT_MIB)):
        try:
            sizes[name] = parse_size(work.text(name) or str(default))
        except ValueError as fault:
            work.fault(name, str(fault))
            sizes[name] = default
    parts = [Part("/", sizes["rootsize"]), Part("swap", sizes["swapsize"]), Part("/opt", sizes["optsize"])]
    return [part for part in parts if part.size]


def _part_disks(work: Work) -> list[list[Part]]:
    name = work.text("part")
    content = work.read("part", name)
    if content is None:
        return []
    parts = parse_parts(content.decode("utf-8", "replace"), name)
    work.faults += parts.faults
    for span, text in parts.passed_over:
        work.remark("part", text, span)
    for size in ("rootsize", "swapsize", "optsize"):
        if work.settings.last(size):
            work.remark(size, "the part file counts")
    return [list(disk) for disk in parts.disks]


def _partition(part: Part) -> dict[str, Any]:
    if part.mount == "swap":
        return {"filesystem": "swap", "size": _mib(part.size * MIB)}
    return {"mount": part.mount, "filesystem": "ext4", "size": _mib(part.size * MIB)}


def _mib(size: int) -> str:
    return f"{size // MIB} MiB"
