"""Drives a session: each event goes into the journal first, then on the screen."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Generator, Iterable, Sequence
from pathlib import Path

from recipe_runner.console.stream import JsonView
from recipe_runner.console.terminal import Terminal
from recipe_runner.console.view import RunView, View
from recipe_runner.engine.events import Abort, Close, Confirm, Event, Skip, StepStart, Witnessed
from recipe_runner.engine.plan import Plan
from recipe_runner.engine.preconditions.base import Finding
from recipe_runner.errors import ExitCode, RecipeError
from recipe_runner.journal.store import Journal
from recipe_runner.journal.witness.attendance import Attendance


def screen(terminal: Terminal, plan: Plan, *, as_json: bool) -> View:
    """Return what shows a session: the screen of a person, or lines of JSON for a program."""
    return JsonView(terminal) if as_json else RunView(terminal, plan)


def drive(
    events: Generator[Event, None, ExitCode],
    journal: Journal,
    view: View,
    directory: Path,
    findings: Sequence[Finding],
    attendance: Attendance,
) -> int:
    """Run a session to its end and return the exit code.

    Witnesses are told of its beginning and its end. No step waits for them; what they answer meanwhile is recorded.
    """
    code, reason = int(ExitCode.FAILED), ""
    view.preconditions(findings)
    attendance.call(journal.head)
    try:
        while True:
            try:
                event = next(events)
            except StopIteration as stop:
                code = int(stop.value)
                _attest_end(journal, view, directory, attendance)
                return code
            if isinstance(event, Abort):
                reason = event.reason
            for witnessed in _answers(event, attendance, directory):
                journal.record(witnessed)
                _show(view, witnessed)
            journal.record(event)
            _show(view, event)
    except RecipeError as error:
        code, reason = error.exit_code, reason or str(error).splitlines()[0]
        raise
    finally:
        events.close()
        try:
            view.closing(directory, code=code, reason=reason)
        except OSError:
            _blind()


def _answers(event: Event, attendance: Attendance, directory: Path) -> Iterable[Witnessed]:
    """Return what witnesses have answered that is to be recorded before an event: all of it at a session's end."""
    match event:
        case Close() | Abort():
            return attendance.awaited(directory)
        case Confirm() | Skip() | StepStart(item=None):
            return attendance.arrived(directory)
        case _:
            return ()


def _attest_end(journal: Journal, view: View, directory: Path, attendance: Attendance) -> None:
    """Have the end attested: the receipts stand beside the journal, since nothing is written to it any more."""
    attendance.call(journal.head)
    for witnessed in attendance.awaited(directory):
        _show(view, witnessed)


def _show(view: View, event: Event) -> None:
    """Show an event; where the screen is gone, ask the session to stop, as a hang-up would."""
    try:
        view.show(event)
    except OSError:
        _blind()
        os.kill(os.getpid(), signal.SIGHUP)


def _blind() -> None:
    """Let everything that is still printed go nowhere."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
