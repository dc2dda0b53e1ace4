"""What changed from one build to the next: packages by their manifests, sizes by their lists of files; pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from builders.images.size import format_size
from builders.proof.inspection import Finding

Kind = Literal["added", "removed", "changed"]


@dataclass(frozen=True, slots=True)
class Change:
    """One package that is not what it was; a version is None where there was, or is, none."""

    kind: Kind
    package: str
    before: str | None
    now: str | None


@dataclass(frozen=True, slots=True)
class Measures:
    """Sizes of a build in bytes, by what they are of."""

    sizes: Mapping[str, int]

    def growth(self, before: Measures, percent: float) -> Iterator[Finding]:
        """Say what has grown by more than so many percent."""
        for name, size in self.sizes.items():
            was = before.sizes.get(name, 0)
            if was and size > was * (1 + percent / 100):
                grown = f"{100 * (size - was) / was:.1f} %"
                yield Finding(name, f"has {format_size(size)}, had {format_size(was)}: grown by {grown}")


def package_changes(before: Mapping[str, str], now: Mapping[str, str]) -> tuple[Change, ...]:
    """Compare versions by package name; in order of name."""
    kinds: dict[tuple[bool, bool], Kind] = {(False, True): "added", (True, False): "removed", (True, True): "changed"}
    return tuple(
        Change(kinds[name in before, name in now], name, before.get(name), now.get(name))
        for name in sorted({*before, *now})
        if before.get(name) != now.get(name)
    )


def root_size(file_list: str) -> int:
    """Return the bytes of all files in a build's list of files."""
    return sum(int(row.split("\t")[2]) for row in file_list.splitlines())
