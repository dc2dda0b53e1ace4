"""What a verification ends with: a verdict, the doubts behind it, and what was seen."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any, Literal

from recipe_runner.journal.witness.base import Attestation

SHOWN = 5


class Verdict(StrEnum):
    """The answer, from best to worst; `exit_code` is what `recipe verify` ends with."""

    VALID = "VALID"
    INCOMPLETE = "INCOMPLETE"
    UNTRUSTED = "UNTRUSTED"
    INVALID = "INVALID"

    @property
    def exit_code(self) -> int:
        """Return 0 for VALID, 1 for INVALID, 2 for INCOMPLETE, 3 for UNTRUSTED."""
        return {"VALID": 0, "INVALID": 1, "INCOMPLETE": 2, "UNTRUSTED": 3}[self.value]


MEANING = {
    Verdict.VALID: "nothing was changed, it is whole, and an allowed key sealed it",
    Verdict.INVALID: "the journal is not what was written, or breaks its own rules",
    Verdict.INCOMPLETE: "what is there is intact, but its end is missing",
    Verdict.UNTRUSTED: "what is there is intact, but the policy does not vouch for it",
}
UNUSABLE = 4
"""Exit code where there is no verdict: wrong usage, or nothing that can be read."""


@dataclass(frozen=True, slots=True)
class Doubt:
    """A reason against VALID: the best verdict it leaves, why in words, and the record it is about."""

    verdict: Verdict
    text: str
    record: int | None = None


@dataclass(frozen=True, slots=True)
class Before:
    """The run that a run names before it, and whether its first `records` records are still what they then were."""

    run: str
    records: int
    state: Literal["unchanged", "changed", "missing"]

    def in_words(self) -> str:
        """Say it in a line."""
        match self.state:
            case "unchanged":
                return f"{self.run}, unchanged in the {self.records} records that this run saw"
            case "changed":
                return f"{self.run}, CHANGED: it is not what this run saw, {self.records} records"
            case "missing":
                return f"{self.run}, not here: this run saw {self.records} records of it"


@dataclass(frozen=True, slots=True)
class Given:
    """An answer to a request for approval: by whom (fingerprint of the primary key), when by their own clock."""

    step: str
    attempt: int
    decision: str
    approver: str
    signed: str
    record: int


@dataclass(frozen=True, slots=True)
class Facts:
    """What the journal says of its run; as true as the verdict is good.

    `signers` are the fingerprints of primary keys that made a good seal; `approvals` have good signatures.
    """

    run: str = ""
    recipe: str = ""
    recipe_sha256: str = ""
    outcome: str = ""
    signers: tuple[str, ...] = ()
    signing_keys: tuple[str, ...] = ()
    records: int = 0
    seals: int = 0
    sessions: int = 1
    set_aside: int = field(default=0, metadata={"help": "tails set aside after a crash, each named by a record"})
    approvals: tuple[Given, ...] = ()
    trusted_time: str = "none"
    second_opinion: str = field(default="", metadata={"help": "what `sqv` says, in words; empty if it was not asked"})
    witnesses: tuple[Attestation, ...] = ()
    before: Before | None = None

    def of_invalid(self) -> Facts:
        """Return what may be said where the verdict is INVALID: how much was read, and who contradicts it."""
        against = tuple(said for said in self.witnesses if said.outcome == "contradicts")
        return Facts(records=self.records, sessions=0, witnesses=against)


@dataclass(frozen=True, slots=True)
class Report:
    """The result of a verification; `bad_record` is the number of the first record at fault.

    Where the verdict is INVALID, the facts are nothing that the journal says (decision 0040).
    """

    verdict: Verdict
    reasons: tuple[str, ...]
    bad_record: int | None
    facts: Facts

    @classmethod
    def of(cls, doubts: Iterable[Doubt], facts: Facts) -> Report:
        """Conclude: the worst doubt decides, and doubts of the same kind become one reason."""
        found = list(doubts)
        ranks = list(Verdict)
        verdict = max((d.verdict for d in found), key=ranks.index, default=Verdict.VALID)
        grouped: dict[tuple[int, str], list[int]] = {}
        for doubt in found:
            records = grouped.setdefault((-ranks.index(doubt.verdict), doubt.text), [])
            records += [] if doubt.record is None else [doubt.record]
        reasons = tuple(_reason(text, sorted(grouped[rank, text])) for rank, text in sorted(grouped, key=_rank))
        worst = [d.record for d in found if d.verdict is verdict and d.record is not None]
        stated = facts.of_invalid() if verdict is Verdict.INVALID else facts
        return cls(verdict, reasons, min(worst, default=None), stated)

    def to_json(self) -> dict[str, Any]:
        """Return the report as plain JSON data."""
        facts = {name: list(v) if isinstance(v, tuple) else v for name, v in asdict(self.facts).items()}
        return {"verdict": self.verdict.value, "reasons": list(self.reasons), "bad_record": self.bad_record, **facts}


def _rank(key: tuple[int, str]) -> int:
    return key[0]


def _reason(text: str, records: list[int]) -> str:
    if not records:
        return text
    shown = ", ".join(str(n) for n in records[:SHOWN])
    if len(records) == 1:
        return f"record {shown}: {text}"
    return f"records {shown}{f' and {len(records) - SHOWN} more' if len(records) > SHOWN else ''}: {text}"
