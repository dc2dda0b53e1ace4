"""Statements that a witness has kept, compared with the journal they speak of. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from recipe_runner.journal.witness.base import Attestation, Case
from recipe_runner.journal.witness.head import Head


def compared(kind: str, address: str, statements: Iterable[bytes], case: Case) -> Iterator[Attestation]:
    """Yield what each statement about the run of the case says of its journal, by number of records.

    What is no statement about this run is passed over. A journal that lacks records which a witness saw, or has others
    in their place, is contradicted.
    """
    said = {head for statement in statements if (head := Head.parse(statement)) and head.run == case.run}
    found = case.heads(head.records for head in said)
    for head in sorted(said, key=lambda head: head.records):
        if found.get(head.records) == head:
            yield Attestation(kind, "vouches", "it keeps the same head", address, head.records)
        else:
            has = "has others" if head.records in found else "does not have them"
            text = f"it keeps the head of {head.records} records, and the journal {has}"
            yield Attestation(kind, "contradicts", text, address, head.records)
