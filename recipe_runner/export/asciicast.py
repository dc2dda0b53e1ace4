"""A run as a recording that asciinema plays: asciicast version 2 (docs.asciinema.org, "asciicast v2").

Version 2, because released players refuse version 3. Times are those of the journal; `idle_time_limit` lets players
shorten the waits. What commands wrote passes the sanitiser, so that playing a recording cannot attack a terminal.
"""

from __future__ import annotations

import codecs
import heapq
import json
import re
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any, NamedTuple

from recipe_runner.engine.events import StepEnd, StepStart
from recipe_runner.errors import RecipeError
from recipe_runner.export.subject import Subject
from recipe_runner.journal.reading.account import Entry, Execution
from recipe_runner.journal.reading.narrative import Tone, tell
from recipe_runner.journal.reading.transcript import STREAMS, transcript
from recipe_runner.sanitise import line, printed

WIDTH, HEIGHT = 80, 24
"""Of the recording's screen; a journal does not say how large the operator's was."""
IDLE_SECONDS = 2
NANOSECONDS = 10**9
COLOURS: dict[Tone, str] = {"good": "32", "bad": "1;31", "warn": "33", "quiet": "2", "plain": "0"}
BARE_LINE_FEED = re.compile(r"(?<!\r)\n")


class Shown(NamedTuple):
    """Something on the screen, seconds after the run began: `code` is `o` for output, `m` for a marker."""

    at: float
    code: str
    text: str


def asciicast(subject: Subject, *, raw: bool = False) -> Iterator[str]:
    """Yield the recording line by line; with `raw` what commands wrote is in it as it was, escape sequences and all."""
    account = subject.account
    header: dict[str, Any] = {
        "version": 2,
        "width": WIDTH,
        "height": HEIGHT,
        "timestamp": int(account.began.timestamp()),
        "idle_time_limit": IDLE_SECONDS,
        "title": line(account.recipe_name),
        "env": {"TERM": "xterm-256color"},
    }
    yield json.dumps(header) + "\n"
    last = 0.0
    for shown in _merged(subject, raw=raw):
        last = max(last, shown.at)
        yield json.dumps([round(last, 6), shown.code, shown.text]) + "\n"


def _merged(subject: Subject, *, raw: bool) -> Iterator[Shown]:
    """Yield what is shown in the order of its time; only commands that run at a time are read at the same time."""
    account = subject.account
    executions = {execution.n: execution for execution in account.executions}
    waiting: list[tuple[float, int, Shown, Iterator[Shown]]] = []

    def put(number: int, stream: Iterator[Shown]) -> None:
        if (shown := next(stream, None)) is not None:
            heapq.heappush(waiting, (shown.at, number, shown, stream))

    def until(limit: float) -> Iterator[Shown]:
        while waiting and waiting[0][0] <= limit:
            _, number, shown, stream = heapq.heappop(waiting)
            yield shown
            put(number, stream)

    for entry in account.entries:
        yield from until(_seconds(account.began, entry.at))
        yield from _told(entry, account.began)
        if entry.n in executions:
            put(entry.n, _output(subject, executions[entry.n], raw=raw))
    yield from until(float("inf"))


def _told(entry: Entry, began: datetime) -> Iterator[Shown]:
    at = _seconds(began, entry.at)
    told = tell(entry.event)
    text = line(told.text)
    if isinstance(entry.event, StepStart):
        yield Shown(at, "m", text)
        yield Shown(at, "o", f"\x1b[1;36m{text}\x1b[0m\r\n")
    else:
        space = "\r\n" if isinstance(entry.event, StepEnd) else ""
        yield Shown(at, "o", f"\x1b[{COLOURS[told.tone]}m{text}\x1b[0m\r\n{space}")


def _output(subject: Subject, execution: Execution, *, raw: bool) -> Iterator[Shown]:
    """Yield what a command wrote; where it cannot be read, the reason."""
    began = _seconds(subject.account.began, execution.began)
    safe: Callable[[str], str] = str if raw else printed
    decoders = {name: codecs.getincrementaldecoder("utf-8")(errors="replace") for name in STREAMS}
    at = began
    try:
        for piece in transcript(subject.directory, execution.end.blobs if execution.end else {}):
            at = began + piece.elapsed_ns / NANOSECONDS
            if text := safe(decoders[piece.stream].decode(piece.data)):
                yield Shown(at, "o", BARE_LINE_FEED.sub("\r\n", text))
    except RecipeError as error:
        yield Shown(at, "o", f"\x1b[1;31m{line(str(error))}\x1b[0m\r\n")


def _seconds(began: datetime, at: datetime) -> float:
    return max((at - began).total_seconds(), 0.0)
