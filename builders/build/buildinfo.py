"""build-info.txt: what a build is, for programs; lines of `key=value`. Pure.

It holds nothing of the time and machine of the build, so that the same serial gives the same file.
"""

from __future__ import annotations

from builders.images.definition import Definition
from builders.images.serial import Serial


def format_info(definition: Definition, serial: Serial, kernel_version: str) -> str:
    """Write the file's text."""
    facts = {
        "title": definition.title,
        "suite": definition.codename,
        "build_name": "server",
        "serial": str(serial),
        "architecture": definition.architecture,
        "distribution": definition.distribution,
        "kernel": kernel_version,
        "boot_marker": definition.boot.marker,
    }
    return "".join(f"{key}={value}\n" for key, value in facts.items())


def parse_info(text: str) -> dict[str, str]:
    """Read the lines back; what is not `key=value` is passed over."""
    return dict(line.split("=", 1) for line in text.splitlines() if "=" in line)
