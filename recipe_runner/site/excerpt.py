"""What fits on a page of much that does not, and how much was left out. Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from recipe_runner.journal.reading.transcript import Piece, Stream
from recipe_runner.sanitise import printed

Row = TypeVar("Row")
Part = tuple[Stream, str]


@dataclass(frozen=True, slots=True)
class Excerpt:
    """The beginning and the end of what a command wrote, safe to show; `left_out` bytes between them are not here."""

    beginning: tuple[Part, ...] = ()
    end: tuple[Part, ...] = ()
    left_out: int = 0


@dataclass(frozen=True, slots=True)
class Shortened(Generic[Row]):
    """Some rows of many, in their order; `left_out` are not here."""

    rows: Sequence[Row]
    left_out: int = 0


def excerpt(pieces: Iterable[Piece], room: int) -> Excerpt:
    """Keep a quarter of `room` bytes of the beginning and the rest of the end, holding no more in memory than that."""
    reading = _Reading(room // 4, room - room // 4)
    for piece in pieces:
        reading.take(piece)
    return reading.result()


def shortened(rows: Sequence[Row], room: int, notable: Callable[[Row], bool]) -> Shortened[Row]:
    """Keep `room` rows: what is notable first, then as much of the beginning and of the end."""
    if len(rows) <= room:
        return Shortened(rows)
    kept = {index for index, row in enumerate(rows) if notable(row)}
    if len(kept) > room:
        kept = set(sorted(kept)[:room])
    begin, end = 0, len(rows) - 1
    while len(kept) < room:
        kept.add(begin)
        if len(kept) < room:
            kept.add(end)
        begin, end = begin + 1, end - 1
    return Shortened([rows[index] for index in sorted(kept)], len(rows) - len(kept))


@dataclass(slots=True)
class _Reading:
    head: int
    tail: int
    first: list[Piece] = field(default_factory=list)
    last: deque[Piece] = field(default_factory=deque)
    size: int = 0
    left_out: int = 0

    def take(self, piece: Piece) -> None:
        data = piece.data
        if self.head:
            self.first.append(piece._replace(data=data[: self.head]))
            data = data[self.head :]
            self.head -= len(self.first[-1].data)
        if data:
            self.last.append(piece._replace(data=data))
            self.size += len(data)
        while self.size > self.tail:
            oldest = self.last.popleft()
            gone = min(len(oldest.data), self.size - self.tail)
            self.size -= gone
            self.left_out += gone
            if gone < len(oldest.data):
                self.last.appendleft(oldest._replace(data=oldest.data[gone:]))

    def result(self) -> Excerpt:
        if not self.left_out:
            return Excerpt(_joined([*self.first, *self.last]))
        return Excerpt(_joined(self.first), _joined(self.last), self.left_out)


def _joined(pieces: Iterable[Piece]) -> tuple[Part, ...]:
    """Join pieces of one stream that follow each other, and make them readable."""
    runs: list[tuple[Stream, bytearray]] = []
    for piece in pieces:
        if runs and runs[-1][0] == piece.stream:
            runs[-1][1].extend(piece.data)
        else:
            runs.append((piece.stream, bytearray(piece.data)))
    return tuple((stream, printed(data.decode("utf-8", "replace"))) for stream, data in runs)
