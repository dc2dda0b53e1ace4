"""The distribution families by name: ours first, then those of other distributions on this machine."""

from __future__ import annotations

from builders.distros.base import Distribution
from recipe_runner.errors import UsageError
from recipe_runner.language.suggestions import suggest
from recipe_runner.plugs import ExtensionPoint
from recipe_runner.sanitise import line

FAMILIES = ExtensionPoint(
    "builders.distros",
    "distribution",
    {
        "debian": "builders.distros.debian:Debian",
        "tiny": "builders.distros.tiny:Tiny",
        "ubuntu": "builders.distros.ubuntu:Ubuntu",
    },
)


def distribution(name: str) -> Distribution:
    """Return the family of this name; raises UsageError naming those that are known."""
    if name in FAMILIES:
        family: Distribution = FAMILIES.make(name)
        return family
    known = FAMILIES.names()
    raise UsageError.because(f"unknown distribution `{line(name)}`", hint=suggest(name, known, what="distribution"))
