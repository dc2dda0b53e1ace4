"""`recipe undo RUN`."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import click
from msgspec.structs import replace

from recipe_runner.cli import options, signing
from recipe_runner.cli.answering import Answering
from recipe_runner.cli.demanding import Demanding
from recipe_runner.cli.live import drive, screen
from recipe_runner.cli.reading import run_directory
from recipe_runner.cli.reopening import FindSigner, Reopened, Reopening, reopened
from recipe_runner.cli.verbs import RUN
from recipe_runner.console.terminal import Terminal
from recipe_runner.engine.approval import Demand, as_fields, joined
from recipe_runner.engine.history import History
from recipe_runner.engine.session import Place, Session, new_run_id, resumed
from recipe_runner.errors import UsageError
from recipe_runner.journal.ledger import JOURNAL, undoing, undone_by
from recipe_runner.journal.store.journal import Journal
from recipe_runner.journal.witness.attendance import Attendance
from recipe_runner.journal.witness.table import appointed


@click.command(
    help="Undo the completed steps of RUN, a directory or a run's id, newest first, each confirmed and recorded."
)
@click.argument("named", metavar="RUN", type=RUN)
@Reopening.options
@Answering.options
@options.witnessing
@Demanding.options
def command(  # noqa: D103 - its help is above
    named: str,
    reopening: Reopening,
    witnesses: tuple[str, ...],
    answering: Answering,
    demanding: Demanding,
) -> int:
    with answering.mode() as mode:
        run = run_directory(named)
    terminal = Terminal(plain=answering.plain, silent=answering.silent)
    attendance = Attendance.of(appointed(witnesses), demanding.witnesses())
    find_signer = reopening.finder(terminal.release)
    if (other := undone_by(run / JOURNAL)) is not None:
        run = run.absolute().parent / other
    with (
        reopened(run, reopening, find_signer, answering.asker(terminal), demanding.policy) as found,
        contextlib.ExitStack() as held,
    ):
        before = [held.enter_context(Journal.reopen(d, find_signer, demanding.policy)) for d in _earlier(found, run)]
        for journal in before:
            found.history.follow(journal.past)
        if not found.plan.undoable(found.history.order):
            raise UsageError.because(
                f"nothing that run `{found.first.run}` did can be undone" + (" any more" if before else ""),
                hint="only completed steps with an `.undo` script can be, once",
            )
        found.check_directory()
        demanding.check(found.journal.signer, found.first, answering.roles)
        demands = joined(found.history.demands, demanding.demands())
        view = screen(terminal, found.plan, as_json=answering.as_json)
        operator = answering.operator(view, found.plan)
        session = Session(found.plan, found.history, operator, (), found.state, environ=found.environ, away=found.away)
        journal = before[-1] if before else found.journal
        so_far = History.of(journal.past)
        if so_far.closed is None:
            event = resumed(found.plan, so_far, mode=mode, place=Place.here(), acting=answering.roles, demands=demands)
            journal.record(event)
        else:
            journal = held.enter_context(_new(found, run, find_signer, mode, answering.roles, demands))
        found.history.acting = frozenset(answering.roles)
        view.opening(journal.directory.name, journal.signed_by, mode, onward="undo")
        return drive(session.events(roll_back=True), journal, view, journal.directory, (), attendance, "undo")


def _earlier(found: Reopened, run: Path) -> list[Path]:
    """Return the runs that have begun to roll this one back; there can be some only where it is over."""
    return undoing(run.absolute().parent, found.first.run) if found.history.closed else []


def _new(
    found: Reopened,
    run: Path,
    find_signer: FindSigner,
    mode: str,
    acting: Sequence[str],
    demands: Mapping[str, Demand],
) -> Journal:
    """Begin to roll back a run that is over: its journal is closed for good, so the undoing is a run of its own."""
    place = Place.here()
    first = replace(
        found.first,
        run=new_run_id(),
        undoes=found.first.run,
        operator=place.operator,
        host=place.host,
        boot_id=place.boot_id,
        mode=mode,
        acting=sorted(acting),
        **as_fields(demands),
    )
    documents = [found.journal.blob(entry["sha256"]) for entry in (first.recipe, *first.includes)]
    signer = find_signer(found.journal.signed_by)
    sealing = signing.sealing("every", found.plan)
    return Journal.create(run.absolute().parent / first.run, first, signer, documents, sealing=sealing)
