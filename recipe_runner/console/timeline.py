"""One run on the screen: who and what first, then every record in words, with its time."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from rich.text import Text

from recipe_runner.console.terminal import STYLES, Terminal
from recipe_runner.engine.events import Genesis, StepEnd, to_record
from recipe_runner.journal.account import Entry, moment
from recipe_runner.journal.narrative import Tone, milliseconds, spell, tell, text_of
from recipe_runner.journal.read import Record
from recipe_runner.sanitise import line

MARKS: dict[Tone, str] = {"good": "✓", "bad": "✗", "warn": "!", "quiet": "·", "plain": "›"}


def show(terminal: Terminal, records: Iterable[Record]) -> None:
    """Print each record as it comes; seals are left out. Raises what the iterator raises."""
    day: date | None = None
    for record in records:
        if record.event is None:
            continue
        entry = Entry(record.n, moment(record), record.event)
        if isinstance(entry.event, Genesis):
            _heading(terminal, entry.event)
        if entry.at.date() != day:
            day = entry.at.date()
            terminal.say(f"{day:%A} {day} (UTC)", "quiet")
        _row(terminal, entry)


def as_data(record: Record) -> dict[str, Any]:
    """Return a record as JSON data: its number, type and time beside the fields of its event."""
    fields = to_record(record.event) if record.event is not None else {}
    return {"n": record.n, "t": record.type, "ts": record.ts, **fields}


def _heading(terminal: Terminal, first: Genesis) -> None:
    facts = {
        "run": first.run,
        "recipe": f"{first.recipe.get('path') or first.recipe.get('name')}",
        "sha256": str(first.recipe.get("sha256", "")),
        "steps": str(len(first.steps)),
        **{f"  {name}": text_of(value) for name, value in first.params.items()},
    }
    terminal.say(str(first.recipe.get("title") or first.recipe.get("name") or ""), "strong")
    for name, value in facts.items():
        terminal.out.print(Text.assemble((f"  {line(name):<12}", "dim"), line(value)))


def _row(terminal: Terminal, entry: Entry) -> None:
    told = tell(entry.event)
    style = STYLES.get(told.tone, "")
    took = f"  {spell(milliseconds(entry.event.duration_ms))}" if isinstance(entry.event, StepEnd) else ""
    terminal.out.print(
        Text.assemble(
            (f"  {entry.at:%H:%M:%S}  ", "dim"),
            (f"{MARKS[told.tone]} ", style),
            (line(told.text), style if told.tone in {"bad", "warn", "quiet"} else ""),
            (took, "dim"),
        )
    )
    if isinstance(entry.event, StepEnd):
        for name, value in entry.event.outputs.items():
            terminal.out.print(Text.assemble((f"              {line(name)} = ", "dim"), line(text_of(value))))
