from __future__ import annotations

from pathlib import Path

from recipe_runner.engine.events import Close, Event, Output, Skip, StepEnd, StepStart
from recipe_runner.export.subject import Subject
from recipe_runner.journal.reading.account import Account
from recipe_runner.journal.reading.read import records

DONE: tuple[Event, ...] = (
    StepStart(step="a", command="c" * 64, digest="a" * 64),
    Output("a", "stdout", b"hello\n", 1000),
    StepEnd(step="a", exit_code=0, duration_ms=3, outputs={"image": "d" * 64, "name": "karmic"}),
    Skip(step="b", kind="done", reason="rang them up"),
    Close(outcome="done", done=2, skipped=0, total=2),
)
"""A run of two steps: one ran, one was done by hand."""


def subject(run: Path) -> Subject:
    """Return a run as it is exported."""
    return Subject(run, Account.of(records(run)))
