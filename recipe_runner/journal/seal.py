"""Seals: what a signature in a journal says, and which records must have one."""

from __future__ import annotations

from typing import Literal

from recipe_runner.journal.chain import Chain

DOMAIN = "recipe-run-seal/v1"
Sealing = Literal["every", "none"]
"""`every`: each record but an observation is followed at once by its seal; `none`: an unsigned run."""
UNSEALED = frozenset({"precondition", "seal"})
"""Types that need no seal of their own: an observation is covered by the next seal."""


def needs_seal(sealing: Sealing, type_name: str) -> bool:
    """Say whether a record of this type must be followed at once by its seal."""
    return sealing == "every" and type_name not in UNSEALED


def statement(run: str, chain: Chain, *, why: str, ts: str, mono_ns: str) -> str:
    """Return the exact text that is signed when a journal has come as far as `chain`.

    `why` is the type of the last record; `ts` and `mono_ns` are those of the seal's own line. Every field of that
    line follows from the text and the chain, so the last line of a journal is as fixed as those before it.
    """
    return (
        f"{DOMAIN}\nrun: {run}\nwhy: {why}\nrecords: {chain.records}\nbytes: {chain.size}\n"
        f"sha256: {chain.sha256}\nhead: {chain.head}\nts: {ts}\nmono_ns: {mono_ns}\n"
    )
