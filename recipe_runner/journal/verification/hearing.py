"""What the witnesses that a policy names say of a journal, and the doubts that this raises."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from recipe_runner.errors import UsageError
from recipe_runner.journal.files import reading
from recipe_runner.journal.ledger import Ledger
from recipe_runner.journal.verification import links
from recipe_runner.journal.verification.links import CheckSignature
from recipe_runner.journal.verification.verdict import Before, Doubt, Verdict
from recipe_runner.journal.witness.base import Attestation, Case, Heads, Receipt, TrustedWitness
from recipe_runner.journal.witness.head import Extent, Head, heads
from recipe_runner.journal.witness.inquiry import Inquiry
from recipe_runner.journal.witness.receipts import read
from recipe_runner.journal.witness.table import LEDGER
from recipe_runner.journal.witness.testimony import testimony


@dataclass(frozen=True, slots=True)
class Heard:
    """What was said, and what it means for the verdict."""

    attestations: tuple[Attestation, ...]
    doubts: tuple[Doubt, ...]
    before: Before | None

    @property
    def time_is_proven(self) -> bool:
        """Say whether a witness vouches for a time."""
        return any(t.outcome == "vouches" and t.time is not None for t in self.attestations)


def hear(
    directory: Path,
    trusted: Sequence[TrustedWitness],
    extent: Extent,
    ledger: Ledger,
    check: CheckSignature,
    inquiry: Inquiry,
) -> Heard:
    """Ask a policy's witnesses and the runs beside it about a journal; raises UsageError where it cannot be read."""
    receipts = tuple(read(directory))
    journal = _reader(directory, extent)
    attestations: list[Attestation] = []
    doubts: list[Doubt] = []
    earlier = links.before(extent.previous, ledger) if extent.previous else None
    for witness in (*trusted, *([] if any(t.kind == LEDGER for t in trusted) else [TrustedWitness(LEDGER)])):
        if witness.kind == LEDGER:
            said = list(links.attested(extent.run, ledger, journal, check))
            doubts += _before(earlier) if witness in trusted else ()
        else:
            case = Case(extent.run, tuple(r for r in receipts if r.kind == witness.kind), journal, extent.named)
            nothing = Attestation(witness.kind, "silent", "it says nothing of this run", witness.address)
            said = list(testimony(witness, case, inquiry)) or [nothing]
        attestations += said
        doubts += (
            Doubt(Verdict.INVALID, f"witness `{witness.kind}` at {t.address} contradicts: {t.text}")
            for t in said
            if t.outcome == "contradicts"
        )
        doubts += _lacks(witness, said, extent)
    attestations += _strangers(receipts, {witness.kind for witness in trusted})
    return Heard(tuple(attestations), tuple(doubts), earlier)


def _lacks(witness: TrustedWitness, said: Sequence[Attestation], extent: Extent) -> Iterator[Doubt]:
    for moment in sorted(witness.required):
        mark = extent.moments.get(moment)
        if mark is None or any(t.outcome == "vouches" and t.records in mark for t in said):
            continue
        why = "; ".join(t.text for t in said if t.outcome == "silent" and (t.records is None or t.records in mark))
        text = f"no witness `{witness.kind}` vouches for the {moment}, which the policy demands"
        yield Doubt(Verdict.UNTRUSTED, f"{text} ({why})" if why else text)


def _before(earlier: Before | None) -> Iterator[Doubt]:
    if earlier and earlier.state != "unchanged":
        what = "is not in the ledger" if earlier.state == "missing" else "has been changed since"
        yield Doubt(Verdict.UNTRUSTED, f"run {earlier.run}, which this one names before it, {what}")


def _strangers(receipts: Iterable[Receipt], known: set[str]) -> Iterator[Attestation]:
    for receipt in receipts:
        if receipt.kind not in known:
            text = f"`{receipt.name}`: the policy names no witness of this kind"
            yield Attestation(receipt.kind, "silent", text, records=receipt.records)


def _reader(directory: Path, extent: Extent) -> Heads:
    """Return what reads heads off the very journal that has been examined, and refuses one that changes meanwhile."""

    def read_heads(marks: Iterable[int]) -> dict[int, Head]:
        wanted = {mark for mark in marks if 0 < mark <= extent.records}
        if not wanted:
            return {}
        with reading(directory):
            found = heads(directory, extent.run, {*wanted, extent.records})
        if extent.records not in found or found[extent.records].head != extent.head:
            raise UsageError.because("the journal changes while it is read", hint="verify it again, or a copy of it")
        return {mark: found[mark] for mark in wanted}

    return read_heads
