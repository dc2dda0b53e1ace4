"""What a witness is: somebody outside the operator's reach who is told how far a journal has come, and remembers.

The kinds are the modules beside this one and those that other distributions bring (`table.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar, Literal, Protocol

from recipe_runner.errors import UnmetError
from recipe_runner.journal.witness.head import Head, Moment
from recipe_runner.journal.witness.inquiry import Inquiry

Outcome = Literal["vouches", "contradicts", "silent"]
Heads = Callable[[Iterable[int]], Mapping[int, Head]]
"""Takes numbers of records and returns the journal's head after each of them that it has."""


class WitnessError(UnmetError):
    """A witness could not be had."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a witness gave for a head of `records` records, kept beside the journal; worth nothing until checked."""

    kind: str
    records: int
    data: bytes
    name: str = ""


@dataclass(frozen=True, slots=True)
class TrustedWitness:
    """A witness as a policy names it: where it is, what its receipts are checked with, what it must have seen."""

    kind: str
    address: str | None = None
    ca: Path | None = None
    required: frozenset[Moment] = frozenset()


@dataclass(frozen=True, slots=True)
class Attestation:
    """What one witness says of a journal.

    `vouches`: it saw the first `records` records as they are now, at `time` (ISO 8601, UTC) where it proves one.
    `contradicts`: it saw another journal of this run. `silent`: it proves nothing, for the reason in `text`.
    """

    kind: str
    outcome: Outcome
    text: str
    address: str | None = None
    records: int | None = None
    time: str | None = None

    def in_words(self, records: int) -> str:
        """Say it in a sentence about a journal of `records` records."""
        who = f"{self.kind} at {self.address}" if self.address else self.kind
        if self.outcome == "silent":
            return f"{who} proves nothing: {self.text}"
        if self.outcome == "contradicts":
            return f"{who} contradicts: {self.text}"
        what = f"all {records} records" if self.records == records else f"the first {self.records} of {records} records"
        return f"{who} vouches for {what}{f', which existed at {self.time}' if self.time else ''}: {self.text}"


@dataclass(frozen=True, slots=True)
class Case:
    """A journal that is being verified: its run, the receipts of the witness's kind beside it, and its heads."""

    run: str
    receipts: tuple[Receipt, ...]
    heads: Heads
    named: Mapping[str, int] = field(default_factory=dict)
    """Names of receipts that stand in the chain itself, each with the number of the record that names it."""


class Witness(Protocol):
    """A kind of witness. Its methods are called from threads of their own and must end when their limit is over."""

    suffix: ClassVar[str]
    """How the names of its receipts end, such as `.tsr`."""

    def check(self, address: str) -> None:
        """Raise UsageError where `address` is not one that this kind of witness can be at."""
        ...

    def attest(self, address: str, head: Head, limit: float) -> bytes:
        """Tell the witness of a head and return its receipt, within `limit` seconds; raises WitnessError."""
        ...

    def testify(self, trusted: TrustedWitness, case: Case, inquiry: Inquiry) -> Iterable[Attestation]:
        """Say what the witness knows of a journal, from its receipts or by asking it; raises WitnessError.

        Through `inquiry` a place is asked once for what holds for all runs that are verified in the same call.
        """
        ...
