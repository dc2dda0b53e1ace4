"""Where a key stands in a TOML text; `tomllib` gives values without positions.

A line scanner that knows tables, arrays of tables, dotted and quoted keys, and steps over strings and comments of
several lines; it is used on text that `tomllib` has already accepted.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from recipe_runner.errors import Span

_BARE = r"[A-Za-z0-9_-]+|\"[^\"]*\"|'[^']*'"
_DOTTED = rf"(?:{_BARE})(?:\s*\.\s*(?:{_BARE}))*"
_TABLE = re.compile(rf"\s*(\[\[?)\s*({_DOTTED})\s*\]\]?\s*(?:#.*)?$")
_KEY = re.compile(rf"\s*({_DOTTED})\s*=")
_QUOTES = ('"""', "'''")
_Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Place:
    """One key or table header: its full path, and line, column (from 1) and length of what is written."""

    path: _Path
    line: int
    column: int
    length: int


def find(text: str, path: Sequence[str | int], file: str, value: object = None) -> Span:
    """Return the span of the key at `path`, of its nearest parent that is written, or of the first line.

    Where `value` is a string inside the key's array, the span is the string's own.
    """
    lines = text.splitlines() or [""]
    places = list(_places(lines))
    wanted = tuple(path)
    best = Place((), 1, 1, 1)
    for place in places:
        if len(place.path) > len(best.path) and wanted[: len(place.path)] == place.path:
            best = place
    rest = wanted[len(best.path) :]
    if isinstance(value, str) and value and any(isinstance(part, int) for part in rest):
        later = [place.line for place in places if place.line > best.line]
        following = later[0] - 1 if later else len(lines)
        for number in range(best.line, following + 1):
            column = max(lines[number - 1].find(f'"{value}"'), lines[number - 1].find(f"'{value}'"))
            if column >= 0:
                return Span(file, number, column + 1, len(value) + 2, lines[number - 1])
    return Span(file, best.line, best.column, best.length, lines[best.line - 1])


def _places(lines: Sequence[str]) -> Iterator[Place]:
    table: _Path = ()
    counts: dict[_Path, int] = {}
    closing = ""
    for number, content in enumerate(lines, 1):
        if closing:
            closing = "" if closing in content else closing
            continue
        if header := _TABLE.match(content):
            table = _counted(_parts(header[2]), counts, opens=header[1] == "[[")
            yield Place(table, number, header.start(2) + 1, len(header[2]))
        elif key := _KEY.match(content):
            yield Place((*table, *_parts(key[1])), number, key.start(1) + 1, len(key[1]))
            closing = next((q for q in _QUOTES if content[key.end() :].count(q) % 2), "")


def _counted(parts: Sequence[str], counts: dict[_Path, int], *, opens: bool) -> _Path:
    """Return a header's path: an array of tables is followed by the number of its element, from 0."""
    path: _Path = ()
    for place, part in enumerate(parts, 1):
        path = (*path, part)
        if opens and place == len(parts):
            counts[path] = counts.get(path, -1) + 1
        if path in counts:
            path = (*path, counts[path])
    return path


def _parts(dotted: str) -> tuple[str, ...]:
    return tuple(part.strip().strip("\"'") for part in re.findall(_BARE, dotted))
