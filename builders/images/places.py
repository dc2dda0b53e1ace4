"""Where a key stands in a TOML text; `tomllib` gives values without positions.

A line scanner that knows tables, dotted and quoted keys, and steps over strings and comments of several lines;
it is used on text that `tomllib` has already accepted.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from recipe_runner.errors import Span

_BARE = r"[A-Za-z0-9_-]+|\"[^\"]*\"|'[^']*'"
_DOTTED = rf"(?:{_BARE})(?:\s*\.\s*(?:{_BARE}))*"
_TABLE = re.compile(rf"\s*\[\[?\s*({_DOTTED})\s*\]\]?")
_KEY = re.compile(rf"\s*({_DOTTED})\s*=")
_QUOTES = ('"""', "'''")


@dataclass(frozen=True, slots=True)
class Place:
    """One key or table header: its full path, and line, column (from 1) and length of what is written."""

    path: tuple[str, ...]
    line: int
    column: int
    length: int


def find(text: str, path: Sequence[str | int], file: str, value: object = None) -> Span:
    """Return the span of the key at `path`, of its nearest parent that is written, or of the first line.

    Where `value` is a string inside the key's array, the span is the string's own.
    """
    lines = text.splitlines() or [""]
    wanted = tuple(str(part) for part in path if not isinstance(part, int))
    places = list(_places(lines))
    best = Place((), 1, 1, 1)
    following = len(lines)
    for place in places:
        if len(place.path) > len(best.path) and wanted[: len(place.path)] == place.path:
            best = place
    later = [p.line for p in places if p.line > best.line]
    if later:
        following = later[0] - 1
    if isinstance(value, str) and any(isinstance(part, int) for part in path):
        for number in range(best.line, following + 1):
            column = max(lines[number - 1].find(f'"{value}"'), lines[number - 1].find(f"'{value}'"))
            if value and column >= 0:
                return Span(file, number, column + 1, len(value) + 2, lines[number - 1])
    return Span(file, best.line, best.column, best.length, lines[best.line - 1])


def _places(lines: Sequence[str]) -> Iterator[Place]:
    table: tuple[str, ...] = ()
    closing = ""
    for number, content in enumerate(lines, 1):
        if closing:
            closing = "" if closing in content else closing
            continue
        if header := _TABLE.match(content):
            table = _parts(header[1])
            yield Place(table, number, header.start(1) + 1, len(header[1]))
        elif key := _KEY.match(content):
            yield Place((*table, *_parts(key[1])), number, key.start(1) + 1, len(key[1]))
            closing = next((q for q in _QUOTES if content[key.end() :].count(q) % 2), "")


def _parts(dotted: str) -> tuple[str, ...]:
    return tuple(part.strip().strip("\"'") for part in re.findall(_BARE, dotted))
