"""One secret, found however it is written."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from recipe_runner.engine.secrets.notations import Written, notations, plain

LINE = 6
"""Characters from which on a line of a secret is looked for alone."""
NEAR = 1024
"""Bytes at the end of the data in which not even the head of a secret needs to be whole."""
REACH = 4
"""How many times as long as its letters a secret may be with what stands between them."""
Span = tuple[int, int]


class Quarry:
    """One secret, in every notation, and its lines."""

    def __init__(self, secret: str) -> None:
        lines = {line for line in secret.splitlines() if len(line) >= LINE}
        ways = notations(secret) | {plain(line) for line in lines}
        self.reach = REACH * max(way.longest for way in ways)
        self._ways: dict[int, list[Written]] = {}
        for way in ways:
            for byte in way.first:
                self._ways.setdefault(byte, []).append(way)
        self._head = re.compile(b"|".join(sorted({head for way in ways for head in way.heads()})))
        self._first = re.compile(b"[%b]" % re.escape(bytes(self._ways)))

    def spans(self, data: bytes) -> Iterator[Span]:
        """Yield where it stands in `data`."""
        at = 0
        while match := self._head.search(data, at):
            start = match.start()
            end = max((end for end in self._ends(data, start) if end <= len(data)), default=0)
            if end:
                yield start, end
            at = end or start + 1

    def held_from(self, data: bytes) -> int:
        """Return where the end of `data` begins that may still become it; its length where there is none."""
        heads = self._matches(self._head, data, len(data) - self.reach)
        beginnings = self._matches(self._first, data, len(data) - NEAR)
        return min(
            next((start for start in starts if any(end > len(data) for end in self._ends(data, start))), len(data))
            for starts in (heads, beginnings)
        )

    @staticmethod
    def _matches(pattern: re.Pattern[bytes], data: bytes, at: int) -> Iterator[int]:
        """Yield where a pattern matches from some place on, also within another match."""
        while match := pattern.search(data, max(0, at)):
            yield match.start()
            at = match.start() + 1

    def _ends(self, data: bytes, start: int) -> Iterator[int]:
        return (end for way in self._ways[data[start]] for end in way.ends(data, start))


@lru_cache(maxsize=64)
def quarry(secret: str) -> Quarry:
    """Return what finds a secret; made once, since it takes seconds for the longest, and several parts of a run ask."""
    return Quarry(secret)
