from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from recipe_runner.engine.events import Close, Skip, StepEnd, StepStart
from recipe_runner.export.subject import Subject
from recipe_runner.export.tables import FORMULA, TIMELINE, evidence_csv, evidence_markdown, timeline_csv
from recipe_runner.journal.reading.evidence import COLUMNS
from tests.recipe_runner.export.exported import DONE, subject
from tests.recipe_runner.journal.runs import HOSTILE, genesis, write_run


def rows(text: Iterator[str]) -> list[list[str]]:
    """Read a table back as other programs do."""
    return list(csv.reader(io.StringIO("".join(text), newline="")))


def a_run(tmp_path: Path, reason: str) -> Subject:
    """Return a run in which a step is skipped for a reason."""
    events = (
        StepStart(step="a", command="c" * 64),
        StepEnd(step="a", exit_code=0, duration_ms=1500),
        Skip(step="b", kind="skipped", reason=reason),
        Close(outcome="done", done=1, skipped=1, total=2),
    )
    return subject(write_run(tmp_path / "run", None, events))


def test_the_evidence_is_read_back_by_others(tmp_path: Path) -> None:
    """Python's reader finds the rows, and durations in seconds."""
    header, ran, skipped = rows(evidence_csv(a_run(tmp_path, "not today")))
    assert tuple(header) == COLUMNS
    assert (ran[0], ran[1], ran[4], ran[5]) == ("a", f"sha256:{'c' * 64}", "1.500", "yes")
    assert skipped[5] == "skipped: not today"


def test_the_timeline_has_a_row_for_each_event(tmp_path: Path) -> None:
    """Each record but the seals is told with its time, step and duration."""
    run = subject(write_run(tmp_path / "run", None, DONE))
    header, *told = rows(timeline_csv(run))
    assert tuple(header) == TIMELINE
    assert [row[2] for row in told] == ["genesis", "step_start", "step_end", "skip", "close"]
    assert told[2][3:] == ["a", "", "0.003", "a done"]


@given(st.text(st.sampled_from("=+-@\t\r\n ab|\"',;\x1b\u202e\x00")))
def test_no_cell_is_a_formula_or_an_escape(text: str) -> None:
    """What a spreadsheet would compute begins with an apostrophe, and a terminal sees no control character."""
    from recipe_runner.export.tables import _csv

    written = "".join(_csv(("head",), [(text,)]))
    _, (cell,) = rows(iter([written]))
    assert not cell.startswith(FORMULA)
    assert not set(written) & {"\x1b", "\u202e", "\x00"}


def test_a_bar_does_not_end_a_cell(tmp_path: Path) -> None:
    """Text that is Markdown stays text in its cell, and nothing hostile passes."""
    run = a_run(tmp_path, f"a | b <b> [x](y) {HOSTILE}")
    text = "".join(evidence_markdown(run))
    assert text.splitlines()[3].startswith("| b |  |  | ")
    assert "skipped: a \\| b \\<b\\> \\[x\\]\\(y\\)" in text
    assert not set(text) & {"\x1b", "\u202e", "\u200b", "\u2028"}


def test_a_name_that_is_a_formula(tmp_path: Path) -> None:
    """In the timeline, too, a title that begins with an equals sign is inert."""
    first = genesis(recipe={"name": "=cmd", "title": "=cmd|' /C calc'!A0"}, operator="=me")
    run = subject(write_run(tmp_path / "run", None, DONE, first))
    assert not any(cell.startswith(FORMULA) for row in rows(timeline_csv(run)) for cell in row)
