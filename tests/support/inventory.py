"""The packages of the machine that runs the tests, as an inventory of an image: real licences, real versions."""

from __future__ import annotations

from pathlib import Path

from builders.images.serial import Identity, Serial
from builders.proof.inventory import Inventory
from builders.proof.licences import licence_of
from builders.proof.packages import installed


def machine_inventory() -> Inventory:
    """Return the inventory of this Debian machine."""
    packages = tuple(installed(Path("/var/lib/dpkg/status").read_text("utf-8", "replace")))
    files = {package.name: Path("/usr/share/doc", package.name, "copyright") for package in packages}
    licences = {name: licence_of(path.read_text("utf-8", "replace")) for name, path in files.items() if path.is_file()}
    identity = Identity("bookworm", "amd64", Serial.parse("20091022"))
    return Inventory(
        identity,
        "bookworm-server-cloudimg-amd64",
        "This machine",
        "debian",
        packages,
        licences,
        ("recipe-runner", "0.1"),
    )
