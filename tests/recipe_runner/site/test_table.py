from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime, timedelta

from recipe_runner.journal.evidence import COLUMNS, Evidence
from recipe_runner.site.table import as_csv, as_json, as_markdown

START = datetime(2009, 10, 22, 12, 0, tzinfo=UTC)
ROWS = (
    Evidence("build", "make\nmake install", ("blobs/ab",), START, timedelta(milliseconds=1500), "yes"),
    Evidence("ask", "=cmd|' /C calc'!A0\x1b[2J", (), START, None, "skipped: a | b"),
)


def test_csv_is_read_back_by_others() -> None:
    """Python's reader finds the rows, whole commands, and seconds."""
    header, build, _ = csv.reader(io.StringIO(as_csv(ROWS)))
    assert tuple(header) == COLUMNS
    assert build == ["build", "make\nmake install", "blobs/ab", "2009-10-22T12:00:00+00:00", "1.500", "yes"]


def test_no_cell_is_a_formula_or_an_escape() -> None:
    """What a spreadsheet would compute begins with an apostrophe, and a terminal sees no escape sequence."""
    text = as_csv(ROWS)
    assert [row[1] for row in csv.reader(io.StringIO(text))][2].startswith("'=cmd")
    assert "\x1b" not in text + as_json(ROWS) + as_markdown(ROWS)


def test_json_has_numbers() -> None:
    """Durations are milliseconds, or null where nothing was timed."""
    assert [row["duration_ms"] for row in json.loads(as_json(ROWS))] == [1500, None]


def test_markdown_has_a_row_each() -> None:
    """A bar in a cell does not end it."""
    rows = as_markdown(ROWS).splitlines()
    assert rows[2] == "| build | `make …` | `blobs/ab` | 2009-10-22 12:00:00 | 1.5 s | yes |"
    assert rows[3].endswith("| skipped: a \\| b |")
