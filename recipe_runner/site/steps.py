"""The steps of a run as parts of a page: what was decided, which code ran, what it wrote. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from recipe_runner.engine.history import Status
from recipe_runner.errors import RecipeError
from recipe_runner.journal.reading.account import Account, Entry, Execution
from recipe_runner.journal.reading.kept import Kept
from recipe_runner.journal.reading.narrative import Told, Tone, milliseconds, spell, tell, text_of
from recipe_runner.journal.reading.transcript import Piece
from recipe_runner.language.model import Step
from recipe_runner.site.excerpt import Excerpt, Shortened, excerpt, shortened

WHOLE = 8 * 1024 * 1024
LARGEST, SMALLEST = 64 * 1024, 2 * 1024
"""Bytes of output on one page: of all commands, of one, and of one at least; the whole of it is in the blobs."""
TONES: Mapping[Status, Tone] = {"done": "good", "failed": "bad", "unknown": "bad", "not-applicable": "quiet"}
Written = Callable[[Execution], Iterable[Piece]]
_ABOUT_THE_RUN = frozenset({"step_start", "step_end", "precondition"})


@dataclass(frozen=True, slots=True)
class Performed:
    """An execution with its code and what it wrote; `trouble` says why that cannot be shown."""

    execution: Execution
    tone: Tone
    took: str
    code: str | None
    written: Excerpt
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


def step_parts(account: Account, kept: Kept, written: Written, room: int) -> Shortened[StepPart]:
    """Return the parts of at most `room` steps, those that did not go smoothly first.

    `written` reads what an execution wrote and raises RecipeError where it cannot.
    """
    executions: defaultdict[str, list[Execution]] = defaultdict(list)
    for execution in account.executions:
        executions[execution.start.step].append(execution)
    decisions: defaultdict[str, list[Entry]] = defaultdict(list)
    for entry in account.entries:
        about = getattr(entry.event, "step", None)
        if isinstance(about, str) and entry.event.type not in _ABOUT_THE_RUN:
            decisions[about].append(entry)
    statuses = account.statuses()
    numbered = list(enumerate(statuses, 1))
    chosen = shortened(
        numbered, room, lambda row: statuses[row[1]] not in {"done", "not-applicable"} or row[1] in decisions
    )
    count = sum(len(executions[step]) for _, step in chosen.rows)
    share = min(LARGEST, max(SMALLEST, WHOLE // max(1, count)))
    parts = [
        StepPart(
            number,
            step,
            kept.steps.get(step),
            statuses[step],
            TONES.get(statuses[step], "warn"),
            [(entry.at, tell(entry.event)) for entry in decisions[step]],
            [_performed(execution, kept, written, share) for execution in executions[step]],
        )
        for number, step in chosen.rows
    ]
    return Shortened(parts, chosen.left_out)


def _performed(execution: Execution, kept: Kept, written: Written, share: int) -> Performed:
    code = kept.code.get(execution.start.command)
    end = execution.end
    if end is None:
        trouble = "its end was never recorded, so nothing is known of what it did"
        return Performed(execution, "bad", "", code, Excerpt(), trouble, {})
    found, trouble = Excerpt(), ""
    try:
        found = excerpt(written(execution), share)
    except RecipeError as error:
        trouble = str(error)
    outputs = {name: text_of(value) for name, value in end.outputs.items()}
    tone: Tone = "good" if end.outcome == "ok" else "bad"
    return Performed(execution, tone, spell(milliseconds(end.duration_ms)), code, found, trouble, outputs)
