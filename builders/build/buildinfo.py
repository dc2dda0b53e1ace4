"""build-info.txt: what a build is, for programs; lines of `key=value`. Pure.

It holds nothing of the time and machine of the build, so that the same serial and archive give the same file. What
the image was made from is there as `index.<suite>`, the sha256 of the suite's signed index at that time.
"""

from __future__ import annotations

from collections.abc import Mapping

from builders.images.definition import Definition
from builders.images.serial import Serial

_INDEX = "index."


def format_info(definition: Definition, serial: Serial, kernel_version: str, sources: Mapping[str, str]) -> str:
    """Write the file's text."""
    facts = {
        "title": definition.title,
        "suite": definition.codename,
        "build_name": definition.flavour,
        "serial": str(serial),
        "architecture": definition.architecture,
        "distribution": definition.distribution,
        "kernel": kernel_version,
        "boot_marker": definition.boot.marker,
        **{f"{_INDEX}{suite}": sources[suite] for suite in sorted(sources)},
    }
    return "".join(f"{key}={value}\n" for key, value in facts.items())


def parse_info(text: str) -> dict[str, str]:
    """Read the lines back; what is not `key=value` is passed over."""
    return dict(line.split("=", 1) for line in text.splitlines() if "=" in line)


def sources_of(info: Mapping[str, str]) -> dict[str, str]:
    """Return the digests of the suites' indexes that a build was made from."""
    return {key.removeprefix(_INDEX): value for key, value in info.items() if key.startswith(_INDEX)}
