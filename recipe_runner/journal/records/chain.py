"""The chain: each line names the sha256 of the raw line before it. Pure; the hash runs over the bytes written."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

from recipe_runner.journal.records.lines import Line, LineError

AHEAD = 1 << 16
"""Bytes that wait to be hashed together, which is faster."""
START = "0" * 64
"""What the first line has for `prev`."""


def head_of(raw: bytes) -> str:
    """Return what the line after the raw line `raw` has for `prev`."""
    return hashlib.sha256(raw).hexdigest()


@dataclass(slots=True)
class Chain:
    """How far a journal has come: number of records, size in bytes, head (sha256, hex) and a hash over all bytes."""

    records: int = 0
    size: int = 0
    head: str = START
    _running: hashlib._Hash = field(default_factory=hashlib.sha256)
    _ahead: bytearray = field(default_factory=bytearray)

    @property
    def sha256(self) -> str:
        """The sha256 (hex) of all bytes so far."""
        self._catch_up()
        return self._running.hexdigest()

    def copy(self) -> Chain:
        """Return an independent chain at the same place."""
        self._catch_up()
        return Chain(self.records, self.size, self.head, self._running.copy())

    def check(self, line: Line) -> None:
        """Raise LineError unless `line` is the next one."""
        if line.n != self.records:
            raise LineError(f"`n` is {line.n}, wanted {self.records}")
        if line.prev != self.head:
            raise LineError("`prev` is not the sha256 of the line before")

    def extend(self, raw: bytes) -> None:
        """Take one more raw line, line feed included."""
        self.records += 1
        self.size += len(raw)
        self.head = head_of(raw)
        self._ahead += raw
        if len(self._ahead) > AHEAD:
            self._catch_up()

    def _catch_up(self) -> None:
        self._running.update(self._ahead)
        self._ahead.clear()
