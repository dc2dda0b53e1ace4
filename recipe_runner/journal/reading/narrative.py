"""The records of a run in words, for timelines on screens and pages. Pure; the words are not yet safe to show."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal, NamedTuple

from recipe_runner.engine.approval import Demand
from recipe_runner.engine.events import (
    Abort,
    Approval,
    Close,
    Confirm,
    Deviation,
    Genesis,
    Note,
    Precondition,
    Recorded,
    Recover,
    Request,
    Resume,
    Skip,
    StepEnd,
    StepStart,
    Witnessed,
)
from recipe_runner.engine.processes.process import Ended

Tone = Literal["good", "bad", "warn", "quiet", "plain"]
SKIPS = {
    "not-applicable": "not applicable",
    "skipped": "skipped",
    "done": "done by hand",
    "already-done": "already done",
    "accepted": "failure accepted",
}
ROLES = {"run": "", "check": " check", "verify": " verification", "undo": " undo", "shell": " shell"}
MINUTE = 60
TINY = 0.1
PRECISE = 10
"""Seconds below which tenths matter."""


class Told(NamedTuple):
    """What happened, in a word's worth of tone and a sentence."""

    tone: Tone
    text: str


def tell(event: Recorded) -> Told:  # noqa: C901, PLR0911, PLR0912 - one line for each type of record
    """Return an event in words."""
    match event:
        case Genesis():
            what = event.recipe.get("title") or event.recipe.get("name")
            back = f", to roll back run {event.undoes}" if event.undoes else ""
            return Told("plain", f"{_who(event.operator, event.host)} begins “{what}”{back}")
        case Precondition():
            tone: Tone = "good" if event.outcome == "met" else "warn" if event.outcome == "overridden" else "bad"
            return Told(tone, f"precondition {event.outcome}: {event.text}{_because(event.detail)}")
        case Request():
            wanted = Demand(event.needed, event.role).words()
            return Told("plain", f"{_step(event)} waits for approval by {wanted}, until {event.until}")
        case Approval():
            return _answer(event)
        case StepStart():
            where = f" on {event.host}" if event.host else ""
            attempt = f", attempt {event.attempt}" if event.attempt > 1 else ""
            return Told("quiet", f"{_step(event)} begins{where}{attempt}")
        case StepEnd(outcome="ok"):
            return Told("good", f"{_step(event)} {'passed' if event.role in {'check', 'verify'} else 'done'}")
        case StepEnd():
            ended = Ended(event.outcome, event.exit_code, event.signal, event.duration_ms)
            return Told("bad", f"{_step(event)} {ended.words()}")
        case Confirm():
            said = f" “{event.text}”" if event.text and event.text != event.step else ""
            return Told(
                "plain", f"{event.step}: {event.by or 'somebody'} chose {event.choice}{said} · {event.question}"
            )
        case Skip(kind="skipped" | "accepted"):
            return Told("warn", f"{_step(event)} {SKIPS[event.kind]}{_because(event.reason)}")
        case Skip():
            return Told("quiet", f"{_step(event)} {SKIPS[event.kind]}{_because(event.reason)}")
        case Deviation():
            return Told("warn", f"deviation: {event.what}{_because(event.reason)}")
        case Note():
            return Told("plain", f"note{f' on {event.step}' if event.step else ''}: {event.text}")
        case Witnessed(outcome="attested"):
            return Told("good", f"witness {event.kind} at {event.address} has seen {event.records} records")
        case Witnessed():
            return Told("warn", f"witness {event.kind} at {event.address} was told in vain{_because(event.detail)}")
        case Recover():
            begun = ", ".join(str(fields.get("step")) for fields in event.begun)
            unknown = f"; unknown since then: {begun}" if begun else ""
            return Told("warn", f"{event.size} bytes behind the last seal set aside as {event.file}{unknown}")
        case Resume():
            changed = f"; changed since: {', '.join(event.changed)}" if event.changed else ""
            return Told("plain", f"{_who(event.operator, event.host)} goes on, session {event.session}{changed}")
        case Abort():
            return Told("warn", f"{'given up' if event.final else 'left'}: {event.reason}")
        case Close():
            tone = "good" if event.outcome == "done" else "bad"
            return Told(tone, f"run {event.outcome}: {event.done} done, {event.skipped} skipped of {event.total} steps")


def spell(duration: timedelta) -> str:
    """Write a length of time for people: `30 ms`, `0.4 s`, `12 s`, `3 min 4 s`, `1 h 2 min`, `2 d 3 h`."""
    seconds = duration.total_seconds()
    if seconds < TINY:
        return f"{round(seconds * 1000)} ms"
    if seconds < PRECISE:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(int(seconds), MINUTE)
    hours, minutes = divmod(minutes, MINUTE)
    days, hours = divmod(hours, 24)
    if days:
        return f"{days} d {hours} h"
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def milliseconds(number: int) -> timedelta:
    """Return a record's `duration_ms` as a length of time; what no clock could have measured is cut short."""
    return timedelta(milliseconds=min(max(number, 0), 10**14))


def text_of(value: object) -> str:
    """Write the value of a parameter or an output, which is a text or a list of texts."""
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _answer(event: Approval) -> Told:
    """Tell who approved or denied what; an answer that is no statement is said to be none."""
    said = event.answer
    if said is None:
        return Told("bad", "an approval that cannot be read")
    words = "approved" if said.decision == "approve" else "denied"
    tone: Tone = "good" if said.decision == "approve" else "bad"
    return Told(tone, f"{said.step} {words} by {said.approver}{_because(said.reason)}")


def _step(event: Request | StepStart | StepEnd | Skip) -> str:
    item = f" [{event.item}]" if not isinstance(event, Request) and event.item is not None else ""
    role = ROLES[event.role] if isinstance(event, StepStart | StepEnd) else ""
    return f"{event.step}{item}{role}"


def _who(operator: str, host: str) -> str:
    return f"{operator or 'somebody'}{f' on {host}' if host else ''}"


def _because(reason: str) -> str:
    return f" ({reason})" if reason else ""
