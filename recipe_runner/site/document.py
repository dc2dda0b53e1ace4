"""A report on a run as a value, ready for a page of any form. Pure: bytes and verdict come from the caller."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from recipe_runner.engine.events import Deviation, Precondition, Recorded, Resume, Witnessed
from recipe_runner.journal.reading.account import Account, State
from recipe_runner.journal.reading.evidence import Evidence, evidence
from recipe_runner.journal.reading.kept import Kept
from recipe_runner.journal.reading.narrative import Told, spell, tell, text_of
from recipe_runner.journal.verification.verdict import Facts, Report, Verdict
from recipe_runner.site.by_hand import Check, checks
from recipe_runner.site.excerpt import Shortened, shortened
from recipe_runner.site.steps import StepPart, Written, step_parts
from recipe_runner.site.timeline import Moment, moments, notable
from recipe_runner.site.vouching import Agreed, Sitting, Voucher, agreements, sittings, vouchers

ROOM = 1000
"""Rows of one table, and steps, that a page shows; a browser can still show it and a person still read it."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What `recipe verify` says, by which policy file."""

    report: Report
    policy: str


class Blob(NamedTuple):
    """A file that a command wrote: which command, which stream, bytes, sha256."""

    label: str
    stream: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Document:
    """The whole report on a run's `directory`; `journal_sha256` is that of the journal's bytes when it was made.

    Each precondition has the number of its session. `vouchers` and `agreements` are the judgement's; none without one.
    """

    directory: str
    account: Account
    state: State
    judgement: Judgement | None
    figures: Sequence[tuple[str, str]]
    parameters: Mapping[str, str]
    timeline: Shortened[Moment]
    approvals: Sequence[tuple[datetime, Told]]
    witnesses: Sequence[tuple[datetime, Told]]
    deviations: Sequence[tuple[datetime, Told]]
    sessions: Sequence[Sitting]
    vouchers: Sequence[Voucher]
    agreements: Sequence[Agreed]
    preconditions: Shortened[tuple[int, Precondition]]
    steps: Shortened[StepPart]
    table: Shortened[Evidence]
    blobs: Shortened[Blob]
    texts: Mapping[str, str]
    journal_sha256: str
    checks: Sequence[Check]


def document(
    account: Account,
    kept: Kept,
    written: Written,
    *,
    directory: str,
    state: State,
    judgement: Judgement | None,
    journal_sha256: str,
) -> Document:
    """Put the report together; `written` reads what an execution wrote and raises RecipeError where it cannot."""
    facts = judgement.report.facts if judgement else Facts()
    invalid = judgement is not None and judgement.report.verdict is Verdict.INVALID
    return Document(
        directory=directory,
        account=account,
        state=state,
        judgement=judgement,
        figures=tuple(_figures(account)),
        parameters={name: text_of(value) for name, value in account.genesis.params.items()},
        timeline=shortened(list(moments(account)), ROOM, notable),
        approvals=tuple(_told(account, lambda event: event.type in {"request", "approval"})),
        witnesses=tuple(_told(account, lambda event: isinstance(event, Witnessed))),
        deviations=tuple(_told(account, lambda event: isinstance(event, Deviation))),
        sessions=tuple(sittings(account)),
        vouchers=vouchers(facts),
        agreements=agreements(facts),
        preconditions=shortened(list(_preconditions(account)), ROOM, lambda found: found[1].outcome != "met"),
        steps=step_parts(account, kept, written, ROOM),
        table=shortened(list(evidence(account, kept.code)), ROOM, lambda row: row.succeeded != "yes"),
        blobs=shortened(list(_blobs(account)), ROOM, lambda _: False),
        texts=kept.texts,
        journal_sha256=journal_sha256,
        checks=tuple(checks(directory, judgement.policy if judgement else None, () if invalid else account.signers)),
    )


def _told(account: Account, wanted: Callable[[Recorded], bool]) -> Iterator[tuple[datetime, Told]]:
    return ((entry.at, tell(entry.event)) for entry in account.entries if wanted(entry.event))


def _preconditions(account: Account) -> Iterator[tuple[int, Precondition]]:
    session = 1
    for entry in account.entries:
        match entry.event:
            case Resume() as event:
                session = event.session
            case Precondition() as event:
                yield session, event
            case _:
                pass


def _figures(account: Account) -> Iterator[tuple[str, str]]:
    """Yield what can be said in a number and a word."""
    counts = Counter(account.statuses().values())
    yield str(account.settled()), f"of {len(account.step_ids)} steps settled"
    for status in ("failed", "unknown", "skipped", "accepted", "undone"):
        if counts[status]:
            yield str(counts[status]), status
    types = Counter(entry.event.type for entry in account.entries)
    for kind, word in (("deviation", "deviation"), ("approval", "approval"), ("note", "note")):
        if types[kind]:
            yield str(types[kind]), word if types[kind] == 1 else f"{word}s"
    yield str(types["resume"] + 1), "sessions" if types["resume"] else "session"
    yield spell(account.took), "from first to last"


def _blobs(account: Account) -> Iterator[Blob]:
    for execution in account.executions:
        for stream, blob in (execution.end.blobs if execution.end else {}).items():
            yield Blob(execution.label, stream, blob["size"], blob["sha256"])
