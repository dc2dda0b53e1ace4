"""The evidence of a release as one table: each command, where its output is, when, how long, how it ended.

Release managers fill in such tables by hand; here it is read off the journal. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from recipe_runner.engine.events import Skip
from recipe_runner.journal.reading.account import Account, Ending, Execution
from recipe_runner.journal.reading.narrative import SKIPS, milliseconds
from recipe_runner.journal.store.blobs import DIRECTORY

COLUMNS = ("Step", "Command", "Link", "Start", "Duration", "Succeeded?")
SUCCEEDED: Mapping[Ending, str] = {
    "ok": "yes",
    "failed": "no",
    "timeout": "no, timed out",
    "interrupted": "no, interrupted",
    "lost": "unknown",
    "unfinished": "unknown",
}


@dataclass(frozen=True, slots=True)
class Evidence:
    """A row: `links` are the outputs' files relative to the run; `duration` is None where nothing was timed."""

    step: str
    command: str
    links: tuple[str, ...]
    start: datetime
    duration: timedelta | None
    succeeded: str


def evidence(account: Account, code: Mapping[str, str]) -> Iterator[Evidence]:
    """Yield a row for each command and each decision that took one's place, in order; `code` as in `Kept`."""
    executions = {execution.n: execution for execution in account.executions}
    for entry in account.entries:
        if entry.n in executions:
            yield _executed(executions[entry.n], code)
        elif isinstance(entry.event, Skip):
            event = entry.event
            label = event.step if event.item is None else f"{event.step} [{event.item}]"
            by_hand = "by hand" if event.kind == "done" else ""
            said = {"done": "yes", "already-done": "yes"}.get(event.kind, SKIPS[event.kind])
            yield Evidence(label, by_hand, (), entry.at, None, f"{said}: {event.reason}" if event.reason else said)


def _executed(execution: Execution, code: Mapping[str, str]) -> Evidence:
    start, end = execution.start, execution.end
    command = code.get(start.command, f"sha256:{start.command}" if start.command else "")
    blobs = end.blobs if end else {}
    links = tuple(f"{DIRECTORY}/{blobs[name]['sha256']}" for name in ("stdout", "stderr") if name in blobs)
    duration = milliseconds(end.duration_ms) if end else None
    return Evidence(execution.label, command.strip(), links, execution.began, duration, SUCCEEDED[execution.outcome])
