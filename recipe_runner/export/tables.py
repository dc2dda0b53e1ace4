"""A run as tables for spreadsheets and pages: the evidence as CSV and Markdown, the timeline as CSV."""

from __future__ import annotations

import csv
import io
import itertools
from collections.abc import Iterable, Iterator, Sequence

from recipe_runner.engine.events import StepEnd
from recipe_runner.export.subject import Subject
from recipe_runner.journal.reading.evidence import COLUMNS, Evidence, evidence
from recipe_runner.journal.reading.narrative import spell, tell
from recipe_runner.sanitise import visible
from recipe_runner.site.markdown import code_span, escaped, first_line

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
"""What makes spreadsheets take a cell for a formula (OWASP, CSV injection)."""
TIMELINE = ("Record", "Time", "Type", "Step", "Item", "Duration", "What")


def evidence_csv(subject: Subject) -> Iterator[str]:
    """Yield RFC 4180 text; durations in seconds, an apostrophe before what a spreadsheet would compute."""
    yield from _csv(COLUMNS, map(_cells, evidence(subject.account, subject.kept().code)))


def timeline_csv(subject: Subject) -> Iterator[str]:
    """Yield a row for each record but seals, in words; in the same form as `evidence_csv`."""
    rows = (
        (
            str(entry.n),
            entry.at.isoformat(),
            entry.event.type,
            str(getattr(entry.event, "step", None) or ""),
            str(getattr(entry.event, "item", None) or ""),
            f"{entry.event.duration_ms / 1000:.3f}" if isinstance(entry.event, StepEnd) else "",
            tell(entry.event).text,
        )
        for entry in subject.account.entries
    )
    yield from _csv(TIMELINE, rows)


def evidence_markdown(subject: Subject) -> Iterator[str]:
    """Yield a table of CommonMark's common extension; of each command its first line."""
    yield f"| {' | '.join(COLUMNS)} |\n"
    yield f"|{'---|' * len(COLUMNS)}\n"
    for row in evidence(subject.account, subject.kept().code):
        cells = (
            escaped(row.step),
            code_span(first_line(row.command)),
            " ".join(code_span(link) for link in row.links),
            f"{row.start:%Y-%m-%d %H:%M:%S}",
            spell(row.duration) if row.duration is not None else "",
            escaped(row.succeeded),
        )
        yield f"| {' | '.join(cells)} |\n"


def _cells(row: Evidence) -> tuple[str, ...]:
    seconds = "" if row.duration is None else f"{row.duration.total_seconds():.3f}"
    return row.step, row.command, " ".join(row.links), row.start.isoformat(), seconds, row.succeeded


def _csv(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    for row in itertools.chain((columns,), rows):
        written = io.StringIO()
        csv.writer(written).writerow([_inert(visible(cell)) for cell in row])
        yield written.getvalue()


def _inert(cell: str) -> str:
    return f"'{cell}" if cell.startswith(FORMULA) else cell
