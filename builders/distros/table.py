"""The distribution families by name: ours first, then those of other distributions on this machine."""

from __future__ import annotations

from importlib.metadata import entry_points

from builders.distros.base import Distribution
from builders.distros.debian import Debian
from builders.distros.tiny import Tiny
from recipe_runner.errors import UsageError
from recipe_runner.sanitise import line

GROUP = "builders.distros"
FIRST_PARTY: dict[str, Distribution] = {"debian": Debian(), "tiny": Tiny()}


def distribution(name: str) -> Distribution:
    """Return the family of this name; raises UsageError naming those that are known."""
    if name in FIRST_PARTY:
        return FIRST_PARTY[name]
    others = {point.name: point for point in entry_points(group=GROUP)}
    if name in others:
        family: Distribution = others[name].load()()
        return family
    known = ", ".join(f"`{known}`" for known in sorted({*FIRST_PARTY, *others}))
    raise UsageError.because(f"unknown distribution `{line(name)}`, known here: {known}")
