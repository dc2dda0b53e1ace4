"""Drives a session: each event goes into the journal first, then on the screen."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Generator, Iterator, Sequence
from pathlib import Path

from recipe_runner.console.terminal import Terminal
from recipe_runner.console.view import RunView, View
from recipe_runner.engine.events import Abort, Close, Confirm, Event, Resting, Skip, StepStart
from recipe_runner.engine.plan import Plan
from recipe_runner.engine.preconditions.world import Finding
from recipe_runner.errors import ExitCode, IncompleteError, RecipeError, UnmetError
from recipe_runner.journal.store.journal import Journal
from recipe_runner.journal.witness.attendance import Attendance


def screen(terminal: Terminal, plan: Plan, *, as_json: bool) -> View:
    """Return what shows a session: the screen of a person, or lines of JSON for a program."""
    if not as_json:
        return RunView(terminal, plan)
    from recipe_runner.console.stream import JsonView  # noqa: PLC0415 - for programs only

    return JsonView(terminal)


def drive(
    events: Generator[Event, None, ExitCode],
    journal: Journal,
    view: View,
    directory: Path,
    findings: Sequence[Finding],
    attendance: Attendance,
    onward: str = "resume",
) -> int:
    """Run a session to its end and return the exit code; `onward` is the verb that goes on with it.

    Nothing is shown that is not sealed. Witnesses are told of the session's beginning and its end. No step waits for
    them; what they answer meanwhile is recorded.
    """
    code, reason, over = int(ExitCode.FAILED), "", False
    unshown: list[Event] = []
    view.preconditions(findings)
    try:
        _attest_beginning(journal, view, directory, attendance, onward)
        while True:
            try:
                event = next(events)
            except StopIteration as stop:
                code = int(stop.value)
                _attest_end(journal, view, directory, attendance, over=over)
                return code
            over = isinstance(event, Close)
            if isinstance(event, Abort):
                reason = event.reason
            for happened in _attended(event, attendance, directory):
                journal.record(happened)
                unshown.append(happened)
                if not journal.owes:
                    for sealed in unshown:
                        _show(view, sealed)
                    unshown.clear()
    except RecipeError as error:
        code, reason = error.exit_code, reason or str(error).splitlines()[0]
        raise
    finally:
        events.close()
        try:
            view.closing(directory, code=code, reason=reason)
        except OSError:
            _blind()


def _attended(event: Event, attendance: Attendance, directory: Path) -> Iterator[Event]:
    """Yield an event behind what witnesses have answered until it: all that they will say, at a session's end."""
    match event:
        case Close() | Abort():
            yield Resting()
            yield from attendance.awaited(directory)
        case Confirm() | Skip() | StepStart(item=None):
            yield from attendance.arrived(directory)
        case _:
            pass
    yield event


def _attest_beginning(journal: Journal, view: View, directory: Path, attendance: Attendance, onward: str) -> None:
    """Have the beginning attested; only where a policy demands that does the first step wait for it.

    Raises UnmetError, with an `abort` on record, where a demanded witness does not vouch.
    """
    head = journal.head
    attendance.call(head)
    if not attendance.demanded:
        return
    for witnessed in attendance.awaited(directory):
        journal.record(witnessed)
        _show(view, witnessed)
    if why := attendance.lacks("genesis", directory, head):
        journal.record(Abort(reason=why))
        raise UnmetError.because(why, hint=f"see that it can be reached, then `recipe {onward} {directory}`")


def _attest_end(journal: Journal, view: View, directory: Path, attendance: Attendance, *, over: bool) -> None:
    """Have the end attested: the receipts stand beside the journal, since nothing is written to it any more.

    Raises IncompleteError where the run is `over` and a witness that a policy demands does not vouch for that.
    """
    head = journal.head
    attendance.call(head)
    for witnessed in attendance.awaited(directory):
        _show(view, witnessed)
    if over and (why := attendance.lacks("close", directory, head)):
        raise IncompleteError.because(why, hint=f"the run is over: have it attested by `recipe witness {directory}`")


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
