"""Signatures in a journal: what one says, and one as it is found there."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from recipe_runner.journal.records.chain import Chain
from recipe_runner.journal.records.identity import Identity

DOMAIN = "recipe-run-seal/v1"
Purpose = Literal["seal", "approval"]


class Seal(Struct, frozen=True):
    """A signature found in a journal, its statement, the key that is said to have made it, and what it is for."""

    statement: bytes
    signature: bytes
    by: Identity
    purpose: Purpose = "seal"


def statement(run: str, chain: Chain, *, why: str, ts: str, mono_ns: str) -> str:
    """Return the exact text that is signed when a journal has come as far as `chain`.

    `why` is the type of the last record; `ts` and `mono_ns` are those of the seal's own line. Every field of that
    line follows from the text and the chain, so the last line of a journal is as fixed as those before it.
    """
    return (
        f"{DOMAIN}\nrun: {run}\nwhy: {why}\nrecords: {chain.records}\nbytes: {chain.size}\n"
        f"sha256: {chain.sha256}\nhead: {chain.head}\nts: {ts}\nmono_ns: {mono_ns}\n"
    )
