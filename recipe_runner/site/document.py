"""A report on a run as a value, ready for a page of any form. Pure: bytes and verdict come from the caller."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from recipe_runner.engine.events import Confirm, Deviation, Note, Precondition, Resume, Skip
from recipe_runner.engine.history import Status
from recipe_runner.errors import RecipeError
from recipe_runner.journal.account import Account, Entry, Execution, State
from recipe_runner.journal.evidence import Evidence, evidence
from recipe_runner.journal.kept import Kept
from recipe_runner.journal.narrative import Told, Tone, milliseconds, spell, tell, text_of
from recipe_runner.journal.transcript import Piece, Stream
from recipe_runner.journal.verdict import Report
from recipe_runner.language.model import Step
from recipe_runner.sanitise import printed

HEAD, TAIL = 16 * 1024, 48 * 1024
"""Bytes of a command's output that a page shows of its beginning and of its end; the whole of it is in the blobs."""
TONES: Mapping[Status, Tone] = {"done": "good", "failed": "bad", "unknown": "bad", "not-applicable": "quiet"}
Written = Callable[[Execution], Iterable[Piece]]


@dataclass(frozen=True, slots=True)
class Judgement:
    """What `recipe verify` says, by which policy file."""

    report: Report
    policy: str


@dataclass(frozen=True, slots=True)
class Moment:
    """A row of the timeline, with its place on it in hundredths of the run's length."""

    at: datetime
    told: Told
    offset: float
    width: float | None
    took: str


@dataclass(frozen=True, slots=True)
class Performed:
    """An execution with its code and what it wrote; `trouble` says why that cannot be shown."""

    execution: Execution
    tone: Tone
    took: str
    code: str | None
    written: Sequence[tuple[Stream, str]]
    left_out: int
    trouble: str
    outputs: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class StepPart:
    """A step and all that happened to it; `step` is None where the run's recipe cannot be read."""

    number: int
    id: str
    step: Step | None
    status: Status
    tone: Tone
    decisions: Sequence[tuple[datetime, Told]]
    performed: Sequence[Performed]


@dataclass(frozen=True, slots=True)
class Document:
    """The whole report; `journal_sha256` is that of the journal's bytes when the report was made."""

    account: Account
    state: State
    judgement: Judgement | None
    parameters: Mapping[str, str]
    timeline: Sequence[Moment]
    deviations: Sequence[tuple[datetime, Told]]
    sessions: Sequence[tuple[datetime, Told]]
    preconditions: Sequence[Precondition]
    steps: Sequence[StepPart]
    table: Sequence[Evidence]
    texts: Mapping[str, str]
    journal_sha256: str
    commands: Sequence[tuple[str, str]]


def document(
    account: Account,
    kept: Kept,
    written: Written,
    *,
    directory: str,
    live: bool,
    judgement: Judgement | None,
    journal_sha256: str,
) -> Document:
    """Put the report together; `written` reads what an execution wrote and raises RecipeError where it cannot."""
    statuses = account.statuses()
    events = [entry.event for entry in account.entries]
    return Document(
        account=account,
        state=account.state(live=live),
        judgement=judgement,
        parameters={name: text_of(value) for name, value in account.genesis.params.items()},
        timeline=tuple(_timeline(account)),
        deviations=tuple(_told(account, lambda event: isinstance(event, Deviation))),
        sessions=tuple(_told(account, lambda event: isinstance(event, Resume))),
        preconditions=tuple(event for event in events if isinstance(event, Precondition)),
        steps=tuple(
            _step(number, step, account, kept, written, statuses[step]) for number, step in enumerate(statuses, 1)
        ),
        table=tuple(evidence(account, kept.code)),
        texts=kept.texts,
        journal_sha256=journal_sha256,
        commands=tuple(_commands(directory, judgement)),
    )


def _told(account: Account, wanted: Callable[[object], bool]) -> Iterator[tuple[datetime, Told]]:
    return ((entry.at, tell(entry.event)) for entry in account.entries if wanted(entry.event))


def _timeline(account: Account) -> Iterator[Moment]:
    """Yield a moment for every execution and for everything else but preconditions and lone ends."""
    executions = {execution.n: execution for execution in account.executions}
    whole = max(account.took, timedelta(milliseconds=1))
    for entry in account.entries:
        offset = min(max((entry.at - account.began) / whole, 0.0), 1.0) * 100
        execution = executions.get(entry.n)
        if execution is not None and execution.end is not None:
            took = milliseconds(execution.end.duration_ms)
            width = min(took / whole * 100, 100 - offset)
            yield Moment(entry.at, tell(execution.end), offset, width, spell(took))
        elif execution is not None or entry.event.type not in {"precondition", "step_end"}:
            yield Moment(entry.at, tell(entry.event), offset, None, "")


def _step(number: int, step_id: str, account: Account, kept: Kept, written: Written, status: Status) -> StepPart:
    executions = [execution for execution in account.executions if execution.start.step == step_id]
    return StepPart(
        number,
        step_id,
        kept.steps.get(step_id),
        status,
        TONES.get(status, "warn"),
        [(entry.at, tell(entry.event)) for entry in account.entries if _decides(entry, step_id)],
        [_performed(execution, kept, written) for execution in executions],
    )


def _decides(entry: Entry, step_id: str) -> bool:
    match entry.event:
        case Confirm(step=str(about)) | Skip(step=about) | Deviation(step=str(about)) | Note(step=str(about)):
            return about == step_id
        case _:
            return False


def _performed(execution: Execution, kept: Kept, written: Written) -> Performed:
    code = kept.code.get(execution.start.command)
    end = execution.end
    if end is None:
        trouble = "its end was never recorded, so nothing is known of what it did"
        return Performed(execution, "bad", "", code, (), 0, trouble, {})
    shown: list[tuple[Stream, str]] = []
    left_out, trouble = 0, ""
    try:
        shown, left_out = _shown(written(execution))
    except RecipeError as error:
        trouble = str(error)
    outputs = {name: text_of(value) for name, value in end.outputs.items()}
    tone: Tone = "good" if end.outcome == "ok" else "bad"
    return Performed(execution, tone, spell(milliseconds(end.duration_ms)), code, shown, left_out, trouble, outputs)


def _shown(pieces: Iterable[Piece]) -> tuple[list[tuple[Stream, str]], int]:
    """Join pieces of one stream that follow each other, leave out the middle of much, and make the rest readable."""
    joined: list[tuple[Stream, bytes]] = []
    for piece in pieces:
        if joined and joined[-1][0] == piece.stream:
            joined[-1] = (piece.stream, joined[-1][1] + piece.data)
        else:
            joined.append((piece.stream, piece.data))
    size = sum(len(data) for _, data in joined)
    cut = max(0, size - HEAD - TAIL)
    at, parts = 0, []
    for stream, data in joined:
        first, last = data[: max(0, HEAD - at)], data[max(0, HEAD + cut - at, HEAD - at) :]
        if not cut:
            first, last = data, b""
        parts += [(stream, printed(part.decode("utf-8", "replace"))) for part in (first, last) if part]
        at += len(data)
    return parts, cut


def _commands(directory: str, judgement: Judgement | None) -> Iterator[tuple[str, str]]:
    """Yield what to type to check the report by hand, each with what it shows."""
    run = shlex.quote(directory)
    policy = shlex.quote(judgement.policy) if judgement else "POLICY.toml"
    yield f"recipe verify {run} --policy {policy}", "the verdict"
    yield f"sh docs/verify-journal.sh {run} KEYRING.gpg FINGERPRINT", "the same by standard tools alone"
    yield f"sha256sum {shlex.quote(f'{directory}/journal.jsonl')}", "the journal's sum, as above"
    yield f"cd {shlex.quote(f'{directory}/blobs')} && sha256sum *", "each blob's sum, which is its name"
