"""`recipe undo RUN`."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import click

from recipe_runner.cli import options
from recipe_runner.cli.live import drive, screen
from recipe_runner.cli.reopening import FindSigner, Reopened, reopened, rolls_another_back, sealing_as_before
from recipe_runner.console.terminal import Terminal
from recipe_runner.console.view import View
from recipe_runner.engine.session import Place, Session, new_run_id, resumed
from recipe_runner.errors import UsageError
from recipe_runner.journal.store import Journal
from recipe_runner.journal.witness.attendance import Attendance
from recipe_runner.journal.witness.table import appointed


@click.command(help="Undo the completed steps of the run in directory RUN, newest first, each confirmed and recorded.")
@click.argument("run", type=Path)
@click.option("--recipe", type=Path, metavar="FILE", help="Where the recipe is now, if it was moved.")
@options.including
@options.secret
@options.answering
@click.option("--key", metavar="KEY", help="Sign with this key; default: the one that signed so far.")
@options.witnessing
def command(  # noqa: D103 - its help is above
    run: Path,
    recipe: Path | None,
    includes: tuple[Path, ...],
    secrets: tuple[str, ...],
    key: str | None,
    witnesses: tuple[str, ...],
    answering: options.Answering,
) -> int:
    mode = answering.mode()
    terminal = Terminal(plain=answering.plain)
    attendance = Attendance(appointed(witnesses))
    find_signer = sealing_as_before(key, terminal.release)
    with reopened(run, recipe, find_signer, answering.asker(terminal), secrets, includes) as found:
        if found.first.undoes is not None:
            raise rolls_another_back(found, run)
        if not found.plan.undoable(found.history.order):
            raise UsageError.because(
                f"nothing that run `{found.first.run}` did can be undone",
                hint="only completed steps with an `.undo` script can be",
            )
        view = screen(terminal, found.plan, as_json=answering.as_json)
        operator = answering.operator(view, found.plan)
        session = Session(found.plan, found.history, operator, (), found.state, environ=found.environ, away=found.away)
        view.opening(found.first.run, found.journal.signed_by, mode)
        if found.history.closed is None:
            event = resumed(found.plan, found.history, mode=mode, place=Place.here())
            found.journal.record(event)
            return drive(session.events(roll_back=True), found.journal, view, run, (), attendance)
        return _in_a_new_run(found, session, view, run, find_signer, mode, attendance)


def _in_a_new_run(
    found: Reopened, session: Session, view: View, run: Path, find_signer: FindSigner, mode: str, attendance: Attendance
) -> int:
    """Roll back a run that is over: its journal is closed for good, so the undoing is a run of its own."""
    place = Place.here()
    first = dataclasses.replace(
        found.first,
        run=new_run_id(),
        undoes=found.first.run,
        operator=place.operator,
        host=place.host,
        boot_id=place.boot_id,
        mode=mode,
    )
    directory = run.absolute().parent / first.run
    signer = find_signer(found.journal.signed_by)
    documents = [found.journal.blob(entry["sha256"]) for entry in (first.recipe, *first.includes)]
    with Journal.create(directory, first, signer, documents) as journal:
        return drive(session.events(roll_back=True), journal, view, directory, (), attendance)
