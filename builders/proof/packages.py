"""The packages of an image, as dpkg's status file tells them (deb-control(5)); pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from builders.deb822 import read_stanzas
from recipe_runner.sanitise import line


@dataclass(frozen=True, slots=True)
class Package:
    """One installed package; `source` and `source_version` are of the source package it was built from."""

    name: str
    version: str
    architecture: str
    source: str
    source_version: str
    maintainer: str
    homepage: str
    summary: str


def installed(status: str) -> list[Package]:
    """Return the packages that are installed whole, in order of name, from the text of dpkg's status file."""
    stanzas = (
        fields
        for fields in read_stanzas(status)
        if fields.get("Status") == "install ok installed" and {"Package", "Version"} <= fields.keys()
    )
    return sorted(map(_package, stanzas), key=lambda package: (package.name, package.architecture))


def half_installed(status: str) -> dict[str, str]:
    """Return the state of each package that dpkg has begun with and not finished, by name."""
    settled = {"installed", "config-files", "not-installed"}
    return {
        fields["Package"]: fields.get("Status", "unknown")
        for fields in read_stanzas(status)
        if "Package" in fields and fields.get("Status", "").rpartition(" ")[2] not in settled
    }


def manifest(packages: Iterable[Package]) -> str:
    """Return `name TAB version` lines in order of name."""
    return "".join(sorted(f"{package.name}\t{package.version}\n" for package in packages))


def parse_manifest(text: str) -> dict[str, str]:
    """Return versions by name from the lines of a manifest; what is not such a line is passed over."""
    return dict(row.split("\t", 1) for row in text.splitlines() if "\t" in row)


def _package(fields: dict[str, str]) -> Package:
    name, version = line(fields["Package"]), line(fields["Version"])
    source = re.fullmatch(r"(\S+)(?: \((\S+)\))?", fields.get("Source", name))
    return Package(
        name,
        version,
        fields.get("Architecture", "all"),
        source[1] if source else name,
        (source[2] if source else None) or version,
        fields.get("Maintainer", ""),
        fields.get("Homepage", ""),
        fields.get("Description", "").split("\n", 1)[0],
    )
