"""What a witness testifies, whatever becomes of asking it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from recipe_runner.errors import RecipeError
from recipe_runner.journal.witness.base import Attestation, Case, TrustedWitness
from recipe_runner.journal.witness.head import Head
from recipe_runner.journal.witness.inquiry import Inquiry
from recipe_runner.journal.witness.receipts import read
from recipe_runner.journal.witness.table import load


def testimony(witness: TrustedWitness, case: Case, inquiry: Inquiry) -> Iterator[Attestation]:
    """Yield what a witness says of a case; one that cannot be asked is silent, and why is in the text."""
    try:
        yield from load(witness.kind).testify(witness, case, inquiry)
    except RecipeError as error:
        why = "; ".join(fault.message for fault in error.diagnostics)
        yield Attestation(witness.kind, "silent", f"it could not be asked: {why}", witness.address)


def absent(directory: Path, demanded: Iterable[TrustedWitness], head: Head) -> list[TrustedWitness]:
    """Return those of the witnesses that do not vouch for a head now, by their policy; asks each."""
    receipts = tuple(read(directory))

    def vouches(witness: TrustedWitness, inquiry: Inquiry) -> bool:
        mine = tuple(receipt for receipt in receipts if receipt.kind == witness.kind)
        said = testimony(witness, Case(head.run, mine, lambda _: {head.records: head}), inquiry)
        return any(t.outcome == "vouches" and t.records == head.records for t in said)

    with Inquiry() as inquiry:
        return [witness for witness in demanded if not vouches(witness, inquiry)]
