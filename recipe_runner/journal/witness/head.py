"""What a witness is told: how far a journal has come. Pure but for `heads`, which reads a journal's bytes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Literal, Self

from msgspec import Struct

from recipe_runner.journal.files import open_regular
from recipe_runner.journal.ledger import JOURNAL, Link
from recipe_runner.journal.records.chain import Chain
from recipe_runner.journal.records.lines import LINE_CAP

Moment = Literal["genesis", "close"]
DOMAIN = "recipe-run-head/v1"
STATEMENT_CAP = 512
FORM = re.compile(
    rb"recipe-run-head/v1\nrun: ([0-9a-f]{32})\nrecords: (0|[1-9][0-9]{0,6})\nbytes: (0|[1-9][0-9]{0,14})\n"
    rb"sha256: ([0-9a-f]{64})\nhead: ([0-9a-f]{64})\n"
)


class Head(Struct, frozen=True):
    """The first `records` lines of a run's journal: their size in bytes, their sha256, and that of the last of them."""

    run: str
    records: int
    size: int
    sha256: str
    head: str

    @classmethod
    def of(cls, run: str, chain: Chain) -> Self:
        """Return the head of a run whose journal has come as far as `chain`."""
        return cls(run, chain.records, chain.size, chain.sha256, chain.head)

    @classmethod
    def parse(cls, statement: bytes) -> Self | None:
        """Read a statement; None where the bytes are none."""
        found = FORM.fullmatch(statement)
        if found is None:
            return None
        run, records, size, sha256, head = (group.decode() for group in found.groups())
        return cls(run, int(records), int(size), sha256, head)

    def statement(self) -> bytes:
        """Return the text that a witness keeps, which is all there is to say."""
        return (
            f"{DOMAIN}\nrun: {self.run}\nrecords: {self.records}\nbytes: {self.size}\n"
            f"sha256: {self.sha256}\nhead: {self.head}\n"
        ).encode()


class Extent(Struct, frozen=True):
    """A journal that has been examined: its run, its records, where its head is, and which moments it has come to."""

    run: str
    records: int
    head: str
    moments: Mapping[Moment, range]
    """Numbers of records whose head counts as that of a moment: for `genesis`, up to where the first step begins."""
    previous: Link | None = None
    named: Mapping[str, int] = {}
    """Names of receipts, each with the number of the record that names it and its sha256."""


def heads(directory: Path, run: str, marks: Iterable[int]) -> dict[int, Head]:
    """Return the head of a run after each number of records in `marks` that its journal has; raises OSError."""
    wanted = set(marks)
    last = max(wanted, default=0)
    found: dict[int, Head] = {}
    chain = Chain()
    with open_regular(directory / JOURNAL) as file:
        while chain.records < last and (raw := file.readline(LINE_CAP + 1)).endswith(b"\n"):
            chain.extend(raw)
            if chain.records in wanted:
                found[chain.records] = Head.of(run, chain)
    return found
