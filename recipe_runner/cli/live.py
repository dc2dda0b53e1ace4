"""Drives a session: each event goes into the journal first, then on the screen."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Generator, Sequence
from pathlib import Path

from recipe_runner.console.stream import JsonView
from recipe_runner.console.terminal import Terminal
from recipe_runner.console.view import RunView, View
from recipe_runner.engine.events import Abort, Event
from recipe_runner.engine.plan import Plan
from recipe_runner.engine.preconditions.base import Finding
from recipe_runner.errors import ExitCode, RecipeError
from recipe_runner.journal.store import Journal


def screen(terminal: Terminal, plan: Plan, *, as_json: bool) -> View:
    """Return what shows a session: the screen of a person, or lines of JSON for a program."""
    return JsonView(terminal) if as_json else RunView(terminal, plan)


def drive(
    events: Generator[Event, None, ExitCode],
    journal: Journal,
    view: View,
    directory: Path,
    findings: Sequence[Finding],
) -> int:
    """Run a session to its end and return the exit code."""
    code, reason = int(ExitCode.FAILED), ""
    view.preconditions(findings)
    try:
        while True:
            try:
                event = next(events)
            except StopIteration as stop:
                code = int(stop.value)
                return code
            if isinstance(event, Abort):
                reason = event.reason
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
