"""A run as one JSON object for other programs: who, what, each record, and the table of evidence."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from recipe_runner.engine.events import to_record
from recipe_runner.export.subject import Subject
from recipe_runner.journal.reading.account import Entry
from recipe_runner.journal.reading.evidence import Evidence, evidence
from recipe_runner.journal.reading.narrative import tell

FORMAT = "recipe-run-facts/v1"


def as_json(subject: Subject) -> Iterator[str]:
    """Yield the object in pieces, ASCII only; times in UTC, durations in milliseconds (docs/reference/exports.md)."""
    yield "{"
    for name, value in _head(subject).items():
        yield f"{json.dumps(name)}: {json.dumps(value)},\n "
    yield from _list("events", map(_event, subject.account.entries))
    yield ",\n "
    yield from _list("evidence", map(_row, evidence(subject.account, subject.kept().code)))
    yield "}\n"


def _head(subject: Subject) -> dict[str, Any]:
    account = subject.account
    first = account.genesis
    return {
        "format": FORMAT,
        "verified": False,
        "run": first.run,
        "recipe": first.recipe,
        "includes": first.includes,
        "state": subject.state,
        "signed_by": list(account.signers),
        "operator": first.operator,
        "host": first.host,
        "began": account.began.isoformat(),
        "took_ms": round(account.took.total_seconds() * 1000),
        "params": first.params,
        "secrets": first.secrets,
        "steps": account.statuses(),
    }


def _list(name: str, rows: Iterable[dict[str, Any]]) -> Iterator[str]:
    yield f"{json.dumps(name)}: ["
    comma = "\n  "
    for row in rows:
        yield f"{comma}{json.dumps(row)}"
        comma = ",\n  "
    yield "]"


def _event(entry: Entry) -> dict[str, Any]:
    event = entry.event
    return {"n": entry.n, "t": event.type, "ts": entry.at.isoformat(), **to_record(event), "says": tell(event).text}


def _row(row: Evidence) -> dict[str, Any]:
    return {
        "step": row.step,
        "command": row.command,
        "links": list(row.links),
        "start": row.start.isoformat(),
        "duration_ms": None if row.duration is None else round(row.duration.total_seconds() * 1000),
        "succeeded": row.succeeded,
    }
