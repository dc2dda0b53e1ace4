"""The link between a project's runs: the head of the newest other journal in the same directory."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from recipe_runner.journal.chain import head_of
from recipe_runner.journal.files import open_regular
from recipe_runner.journal.lines import LINE_CAP, RUN_ID, LineError, decode

JOURNAL = "journal.jsonl"


def newest_head(runs: Path) -> dict[str, Any] | None:
    """Return run id, head (sha256 of the last whole line) and number of records of the journal written to last.

    Directories without a readable journal are passed over; None where there is no other run.
    """
    for journal in _newest_first(runs):
        try:
            with open_regular(journal) as file:
                first = decode(file.readline(LINE_CAP + 1))
                file.seek(max(0, os.fstat(file.fileno()).st_size - 2 * LINE_CAP))
                last = file.read(2 * LINE_CAP).rpartition(b"\n")[0].rpartition(b"\n")[2] + b"\n"
            return {"run": str(first.fields["run"]), "head": head_of(last), "records": decode(last).n + 1}
        except (OSError, LineError, KeyError):
            continue
    return None


def undoing(runs: Path, run: str) -> list[Path]:
    """Return the directories of the runs that roll a run back, oldest first; believes what their first lines say."""
    return [journal.parent for journal in reversed(list(_newest_first(runs))) if undone_by(journal) == run]


def undone_by(journal: Path) -> str | None:
    """Return the id of the run that a journal's run rolls back, if it does; None also where it cannot be read."""
    try:
        with open_regular(journal) as file:
            undoes = decode(file.readline(LINE_CAP + 1)).fields.get("undoes")
    except (OSError, LineError):
        return None
    return undoes if isinstance(undoes, str) and RUN_ID.match(undoes) else None


def _newest_first(runs: Path) -> Iterator[Path]:
    found = []
    try:
        for entry in os.scandir(runs):
            if not entry.name.startswith("."):
                path = Path(entry.path) / JOURNAL
                try:
                    found.append((path.stat().st_mtime_ns, path))
                except OSError:
                    continue
    except OSError:
        return
    yield from (path for _, path in sorted(found, reverse=True))
