"""A root as it is inspected: its files, texts and packages, read from its archive, nothing mounted."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cached_property
from pathlib import Path

from builders.archive import Member, contents, read_members, resolve
from builders.proof.packages import installed

STATUS = "var/lib/dpkg/status"


@dataclass(frozen=True)
class Root:
    """A root's archive; `foreign` are texts that belong to the build machine, by what they are."""

    archive: Path
    members: Mapping[str, Member]
    foreign: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, archive: Path, foreign: Mapping[str, str]) -> Root:
        """Read an archive that is not compressed; raises UsageError where it is none."""
        return cls(archive, read_members(archive), foreign)

    @cached_property
    def packages(self) -> frozenset[str]:
        """The names of the installed packages."""
        return frozenset(package.name for package in installed(self.read(STATUS)))

    @cached_property
    def packaged(self) -> frozenset[str]:
        """The paths of the files that packages have brought; what their scripts have made is not among them."""
        brought = (
            row for member in self.below("var/lib/dpkg/info/*.list") for row in self.read(member.path).split("\n")
        )
        found = (resolve(self.members, row.lstrip("/")) for row in brought)
        return frozenset(member.path for member in found if member)

    def read(self, path: str) -> str:
        """Return a file's text, links followed; nothing where there is no such file."""
        found = resolve(self.members, path)
        if found is None or found.kind != "file":
            return ""
        with self.archive.open("rb") as stream:
            stream.seek(found.offset)
            return stream.read(found.size).decode("utf-8", "replace")

    def below(self, *patterns: str) -> Iterator[Member]:
        """Give the members whose path matches one of the patterns, `*` across folders, in order of path."""
        for path in sorted(self.members):
            if any(fnmatchcase(path, pattern) for pattern in patterns):
                yield self.members[path]

    def containing(self, pattern: re.Pattern[bytes], keyword: bytes) -> Iterator[tuple[Member, bytes]]:
        """Give each file with a text that matches, and the text; `keyword` is a part of every match.

        A keyword is looked for first: a pattern alone would take minutes for a large root.
        """
        files = sorted((m for m in self.members.values() if m.kind == "file" and m.size), key=lambda m: m.offset)
        offsets = [member.offset for member in files]
        with contents(self.archive) as data:
            at = data.find(keyword)
            while at >= 0:
                number = bisect_right(offsets, at) - 1
                following = at + 1
                if number >= 0 and at < (member := files[number]).offset + member.size:
                    start, end = max(member.offset, at - 200), member.offset + member.size
                    if (found := pattern.search(data, start, min(end, at + 4096))) is not None:
                        yield member, found[0]
                        following = end
                at = data.find(keyword, following)
