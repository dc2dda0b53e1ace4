"""Drives a session: each event goes into the journal first, then on the screen."""

from __future__ import annotations

from pathlib import Path

from recipe_runner.console.view import RunView
from recipe_runner.engine.events import Abort
from recipe_runner.engine.session import Session
from recipe_runner.errors import RecipeError
from recipe_runner.journal.store import Journal


def drive(session: Session, journal: Journal, view: RunView, directory: Path) -> int:
    """Run a session to its end and return the exit code."""
    code, reason = 1, ""
    view.preconditions(session.findings)
    events = session.events()
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
            view.show(event)
    except RecipeError as error:
        code, reason = error.exit_code, reason or str(error).splitlines()[0]
        raise
    finally:
        events.close()
        view.closing(directory, code=code, reason=reason)
