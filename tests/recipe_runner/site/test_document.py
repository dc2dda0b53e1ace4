from __future__ import annotations

from pathlib import Path

import pytest

from recipe_runner.engine.events import Close, Event, Output, Skip, StepEnd, StepStart
from recipe_runner.site import document, steps
from tests.recipe_runner.journal.runs import write_run
from tests.recipe_runner.site.test_report import told


def test_a_bar_stays_on_the_timeline(tmp_path: Path) -> None:
    """However long a command says it took, its bar ends where the timeline ends."""
    run = write_run(tmp_path / "run", None, (StepStart(step="a"), StepEnd(step="a", duration_ms=2**52)))
    for moment in told(run).timeline.rows:
        assert 0 <= moment.offset <= moment.offset + (moment.width or 0) <= 100


def many(count: int) -> tuple[Event, ...]:
    """Run many steps, of which the one in the middle fails and is accepted."""
    events: list[Event] = []
    for n in range(count):
        step, ok = f"s{n}", n != count // 2
        events += [StepStart(step=step), Output(step, "stdout", b"x" * 100_000, n)]
        events += [StepEnd(step=step, outcome="ok" if ok else "failed", duration_ms=n)]
        events += [] if ok else [Skip(step=step, kind="accepted", reason="known")]
    return (*events, Close(outcome="done", done=count - 1, skipped=1, total=count))


def test_a_page_stays_small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of very many steps a page shows what did not go well, a beginning and an end, and counts the rest."""
    monkeypatch.setattr(document, "ROOM", 10)
    monkeypatch.setattr(steps, "WHOLE", 1)
    found = told(write_run(tmp_path / "run", None, many(60)))
    assert (len(found.steps.rows), found.steps.left_out) == (10, 52)
    assert (len(found.timeline.rows), len(found.table.rows), len(found.blobs.rows)) == (10, 10, 10)
    assert "s30" in [part.id for part in found.steps.rows]
    assert "s30 failure accepted (known)" in [moment.told.text for moment in found.timeline.rows]
    for part in found.steps.rows:
        for performed in part.performed:
            assert performed.written.left_out == 100_000 - steps.SMALLEST


def test_the_figures_say_what_stands_out(tmp_path: Path) -> None:
    """Settled steps, failures that were accepted, sessions and time are counted."""
    figures = {word: number for number, word in told(write_run(tmp_path / "run", None, many(3))).figures}
    assert figures["accepted"] == "1"
    assert figures["session"] == "1"
