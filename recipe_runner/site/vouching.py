"""What vouches for which part of a run, as rows of a page: sessions and their keys, witnesses, approvers. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple

from recipe_runner.engine.events import Genesis, Resume
from recipe_runner.journal.reading.account import Account
from recipe_runner.journal.reading.narrative import Tone
from recipe_runner.journal.verification.verdict import Facts
from recipe_runner.journal.witness.base import Attestation, Outcome

TONES: dict[Outcome, Tone] = {"contradicts": "bad", "vouches": "good", "silent": "quiet"}
"""How each answer of a witness is shown; in the order in which they matter."""


class Sitting(NamedTuple):
    """A session as the journal tells it: who ran it, in which roles, and whose primary key sealed it, if any."""

    number: int
    at: datetime
    operator: str
    host: str
    roles: str
    signer: str | None


@dataclass(frozen=True, slots=True)
class Voucher:
    """A row about a witness: who it is, what it vouches for, when that existed, and by what."""

    tone: Tone
    who: str
    what: str
    when: str
    why: str


class Agreed(NamedTuple):
    """A row about an answer to a request: which step, what was decided, whose primary key, when by their clock."""

    step: str
    approved: bool
    approver: str
    when: str


def sittings(account: Account) -> Iterator[Sitting]:
    """Yield the sessions of a run."""
    for entry in account.entries:
        match entry.event:
            case Genesis() | Resume() as event:
                number = event.session if isinstance(event, Resume) else 1
                roles = ", ".join(map(str, event.acting))
                yield Sitting(number, entry.at, event.operator, event.host, roles, entry.by)
            case _:
                pass


def vouchers(facts: Facts) -> list[Voucher]:
    """Return what witnesses say: contradictions first, then what vouches for most."""
    ranks = list(TONES)
    ordered = sorted(facts.witnesses, key=lambda said: (ranks.index(said.outcome), -(said.records or 0)))
    return [
        Voucher(
            TONES[said.outcome],
            f"{said.kind} at {said.address}" if said.address else said.kind,
            _extent(said, facts.records),
            utc(said.time) if said.time else "",
            said.text,
        )
        for said in ordered
    ]


def agreements(facts: Facts) -> list[Agreed]:
    """Return the answers to requests, in the order of the journal."""
    return [
        Agreed(
            f"{given.step}, attempt {given.attempt}" if given.attempt > 1 else given.step,
            given.decision == "approve",
            given.approver,
            utc(given.signed),
        )
        for given in facts.approvals
    ]


def utc(text: str) -> str:
    """Return a time (ISO 8601) as pages show it, to the second; what is none stays as it is."""
    try:
        return f"{datetime.fromisoformat(text).astimezone(UTC):%Y-%m-%d %H:%M:%S}"
    except (ValueError, OverflowError):
        return text


def _extent(said: Attestation, records: int) -> str:
    match said.outcome:
        case "vouches":
            return f"all {records} records" if said.records == records else f"the first {said.records} of {records}"
        case "contradicts":
            return "contradicts"
        case _:
            return "nothing"
