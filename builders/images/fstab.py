"""The table of file systems of an image, by label; pure. Format: fstab(5)."""

from __future__ import annotations

from builders.images.definition import Definition


def fstab(definition: Definition) -> str:
    """Return the lines for the root and for every partition that is mounted or swapped on."""
    disk = definition.disk
    lines = [f"LABEL={disk.label} / ext4 {disk.options} 0 1"]
    parts = [*disk.partitions, *(part for extra in definition.disks for part in extra.partitions)]
    for part in sorted(parts, key=lambda part: (part.filesystem == "swap", (part.mount or "").count("/"), part.name)):
        if part.filesystem == "swap":
            lines.append(f"LABEL={part.name} none swap {part.options.replace('defaults', 'sw')} 0 0")
        elif part.mount:
            lines.append(f"LABEL={part.name} {part.mount} {part.filesystem} {part.options} 0 2")
    return "".join(f"{line}\n" for line in lines)
