"""Runs written by the real journal, for tests to read, cut and change."""

from __future__ import annotations

from pathlib import Path

from recipe_runner.engine.events import (
    Abort,
    Close,
    Confirm,
    Deviation,
    Event,
    Genesis,
    Note,
    Output,
    Precondition,
    Resume,
    Skip,
    StepEnd,
    StepStart,
)
from recipe_runner.journal.records.sealing import EVERY, Sealing
from recipe_runner.journal.signers.signer import Signer
from recipe_runner.journal.store.journal import Journal

RUN = "0123456789abcdef0123456789abcdef"
OTHER_RUN = "fedcba9876543210fedcba9876543210"
HOSTILE = "\x1b[31mred\x1b[0m \u202egnp.exe\u202c zero\u200bwidth \x7f \u2028 \U0001f600"
"""A terminal escape, a bidirectional override, a zero-width space, DEL, a line separator, an emoji."""

SMALL: tuple[Event, ...] = (
    StepStart(step="a", command="c" * 64),
    Output("a", "stdout", b"hello\n", 1000),
    StepEnd(step="a", exit_code=0, duration_ms=3),
    Close(outcome="done", done=1, skipped=0, total=1),
)
"""The shortest run that does something."""

TWO: tuple[Event, ...] = (*SMALL[:-1], StepStart(step="b"), StepEnd(step="b", exit_code=0), SMALL[-1])
"""Two steps of which the second begins as soon as the first has ended: its intent's seal covers the first's result."""

FULL: tuple[Event, ...] = (
    Precondition(kind="command", text="command gpg", outcome="met", detail=HOSTILE),
    Confirm(step="a", question=f"Run {HOSTILE}?", choice="run", by="me"),
    StepStart(step="a", item="one", command="c" * 64),
    StepStart(step="a", item="two", command="c" * 64),
    Output("a", "stdout", b"\x1b[31mone\n", 1000, item="one"),
    Output("a", "stderr", b"two\n", 1500, item="two"),
    Output("a", "state", b"state", 1600, item="one"),
    StepEnd(step="a", item="two", outcome="failed", exit_code=1, duration_ms=4),
    StepEnd(step="a", item="one", exit_code=0, duration_ms=3, outputs={"name": "value", "list": ["x", HOSTILE]}),
    Note(text=HOSTILE, step="a"),
    Deviation(kind="skipped", what="step `b` skipped", reason="not today", step="b"),
    Skip(step="b", kind="skipped", reason="not today"),
    Abort(reason="left by the operator"),
    Resume(session=2, operator="me", changed=["b"], recipe={"name": "small.md", "sha256": "e" * 64, "size": 7}),
    Close(outcome="done", done=1, skipped=1, total=2),
)
"""Every type of record there is but `recover`, two sub-runs side by side, and text that would like to do harm."""


def genesis(run: str = RUN, **changes: object) -> Genesis:
    """Return a first event."""
    fields: dict[str, object] = {
        "run": run,
        "recipe": {"name": "small.md", "sha256": "d" * 64, "size": 42},
        "steps": [{"id": "a", "sha256": "a" * 64}, {"id": "b", "sha256": "b" * 64}],
        "params": {"serial": "20091022", "regions": ["us-east-1", "eu-west-1"]},
        "secrets": ["token"],
        "tool": {"name": "recipe-runner", "version": "0.1.0"},
        "operator": "me",
        "host": "here",
    }
    return Genesis(**(fields | changes))  # type: ignore[arg-type]


def write_run(
    directory: Path,
    signer: Signer | None,
    events: tuple[Event, ...] = SMALL,
    first: Genesis | None = None,
    sealing: Sealing = EVERY,
) -> Path:
    """Write a whole run and return its directory."""
    with Journal.create(directory, first or genesis(), signer, sealing=sealing) as journal:
        for event in events:
            journal.record(event)
    return directory
