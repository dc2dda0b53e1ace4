"""The evidence of a run as a table for other programs and pages: CSV, JSON, Markdown. Pure."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Mapping

from recipe_runner.journal.evidence import COLUMNS, Evidence
from recipe_runner.journal.narrative import spell
from recipe_runner.sanitise import visible
from recipe_runner.site.markdown import code_span, escaped, first_line

FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What makes spreadsheets take a cell for a formula (OWASP, CSV injection)."""


def as_csv(rows: Iterable[Evidence]) -> str:
    """Return RFC 4180 text; durations in seconds, an apostrophe before what a spreadsheet would compute."""
    written = io.StringIO()
    writer = csv.writer(written)
    writer.writerow(COLUMNS)
    for row in rows:
        seconds = "" if row.duration is None else f"{row.duration.total_seconds():.3f}"
        cells = (row.step, row.command, " ".join(row.links), row.start.isoformat(), seconds, row.succeeded)
        writer.writerow([_inert(visible(cell)) for cell in cells])
    return written.getvalue()


def as_json(rows: Iterable[Evidence]) -> str:
    """Return a list of objects with `step command links start duration_ms succeeded`, ASCII only."""
    listed = [
        {
            "step": row.step,
            "command": row.command,
            "links": list(row.links),
            "start": row.start.isoformat(),
            "duration_ms": None if row.duration is None else round(row.duration.total_seconds() * 1000),
            "succeeded": row.succeeded,
        }
        for row in rows
    ]
    return json.dumps(listed, indent=2) + "\n"


def as_markdown(rows: Iterable[Evidence]) -> str:
    """Return a table; of each command its first line."""
    lines = [f"| {' | '.join(COLUMNS)} |", f"|{'---|' * len(COLUMNS)}"]
    for row in rows:
        cells = (
            escaped(row.step),
            code_span(first_line(row.command)),
            " ".join(code_span(link) for link in row.links),
            f"{row.start:%Y-%m-%d %H:%M:%S}",
            spell(row.duration) if row.duration is not None else "",
            escaped(row.succeeded),
        )
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


FORMS: Mapping[str, Callable[[Iterable[Evidence]], str]] = {"csv": as_csv, "json": as_json, "md": as_markdown}


def _inert(cell: str) -> str:
    return f"'{cell}" if cell.startswith(FORMULA) else cell
