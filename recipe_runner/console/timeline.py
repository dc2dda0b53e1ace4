"""One run on the screen: who and what first, then every record in words, with its time."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

from rich.text import Text

from recipe_runner.console.columns import hanging
from recipe_runner.console.terminal import STYLES, Terminal, styled
from recipe_runner.engine.events import Close, Genesis, StepEnd, to_record
from recipe_runner.journal.reading.account import Entry, moment
from recipe_runner.journal.reading.narrative import Tone, milliseconds, spell, tell, text_of
from recipe_runner.journal.reading.read import Record
from recipe_runner.sanitise import line

MARKS: dict[Tone, str] = {"good": "✓", "bad": "✗", "warn": "!", "quiet": "·", "plain": "›"}
INDENT = " " * 14
"""Columns before the words of a record: its time and its mark."""


def show(terminal: Terminal, records: Iterable[Record]) -> bool:
    """Print each record as it comes, and say whether the run is over; seals are left out.

    Raises what the iterator raises.
    """
    day: date | None = None
    closed, signer = False, None
    for record in records:
        if record.event is None:
            continue
        entry = Entry(record.n, moment(record), record.event, record.signer)
        if isinstance(entry.event, Genesis):
            _heading(terminal, entry.event, record.signer)
        if entry.at.date() != day:
            day = entry.at.date()
            terminal.say(f"{day:%A} {day} (UTC)", "quiet")
        _row(terminal, entry)
        if record.signer and signer not in {None, record.signer}:
            terminal.put(Text.assemble((f"{INDENT}signed from here on by ", "dim"), line(record.signer)))
        signer = record.signer or signer
        closed = closed or isinstance(entry.event, Close)
    return closed


def show_open_end(terminal: Terminal, directory: Path, runner: int | None) -> None:
    """Say of a run that is not over who is at work on it, or how it goes on."""
    if runner is None:
        terminal.note(f"nobody runs it; go on with: recipe resume {shlex.quote(line(str(directory)))}")
    else:
        terminal.note(f"process {runner} runs it; look on with --follow")


def as_data(record: Record) -> dict[str, Any]:
    """Return a record as JSON data: its number, type and time beside the fields of its event."""
    fields = to_record(record.event) if record.event is not None else {}
    return {"n": record.n, "t": record.type, "ts": record.ts, **fields}


def _heading(terminal: Terminal, first: Genesis, signer: str | None) -> None:
    facts = {
        "run": first.run,
        "recipe": f"{first.recipe.get('path') or first.recipe.get('name')}",
        "sha256": str(first.recipe.get("sha256", "")),
        "steps": str(len(first.steps)),
        "signed by": signer or "",
    }
    terminal.say(line(str(first.recipe.get("title") or first.recipe.get("name") or "")), "strong")
    _facts(terminal, {name: value for name, value in facts.items() if value})
    if signer is None:
        terminal.put(Text.assemble(("  signed by   ", "dim"), styled("nobody: an unsigned run is UNTRUSTED", "bad")))
    _facts(terminal, {f"  {name}": text_of(value) for name, value in first.params.items()})


def _facts(terminal: Terminal, facts: Mapping[str, str]) -> None:
    for name, value in facts.items():
        terminal.put(Text.assemble((f"  {line(name):<12}", "dim"), line(value)))


def _row(terminal: Terminal, entry: Entry) -> None:
    told = tell(entry.event)
    style = STYLES.get(told.tone, "")
    took = f"  {spell(milliseconds(entry.event.duration_ms))}" if isinstance(entry.event, StepEnd) else ""
    words = Text.assemble((line(told.text), style if told.tone in {"bad", "warn", "quiet"} else ""), (took, "dim"))
    margin = Text.assemble((f"  {entry.at:%H:%M:%S}  ", "dim"), (f"{MARKS[told.tone]} ", style))
    hanging(terminal, margin, words)
    if isinstance(entry.event, StepEnd):
        for name, value in entry.event.outputs.items():
            terminal.put(Text.assemble((f"{INDENT}{line(name)} = ", "dim"), line(text_of(value))))
