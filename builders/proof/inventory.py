"""What the bills of materials are written from: the image, its packages and their licences."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import quote

from builders.images.serial import Identity
from builders.proof.licences import NO_ASSERTION
from builders.proof.packages import Package


@dataclass(frozen=True, slots=True)
class Inventory:
    """An image's packages.

    `name` begins its files' names, `licences` are SPDX expressions by package name, `vendor` the distribution's `ID`,
    `program` the name and version of what made the image.
    """

    identity: Identity
    name: str
    title: str
    vendor: str
    packages: tuple[Package, ...]
    licences: Mapping[str, str]
    program: tuple[str, str]

    @property
    def created(self) -> str:
        """The serial's day: bills of two builds of the same serial are the same."""
        return f"{datetime.fromtimestamp(self.identity.serial.epoch, UTC):%Y-%m-%dT%H:%M:%SZ}"

    def licence(self, package: Package) -> str:
        """Return a package's SPDX expression, or NOASSERTION."""
        return self.licences.get(package.name, NO_ASSERTION)

    def purl(self, package: Package) -> str:
        """Return the package's URL (package-url specification, type `deb`)."""
        name, version = quote(package.name, safe="+"), quote(package.version, safe=".-~")
        query = f"arch={package.architecture}&distro={quote(self.identity.codename)}"
        return f"pkg:deb/{quote(self.vendor)}/{name.replace('+', '%2B')}@{version}?{query}"
