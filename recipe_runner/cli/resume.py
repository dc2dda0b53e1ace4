"""`recipe resume RUN`."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import click

from recipe_runner.cli import options
from recipe_runner.cli.answering import Answering
from recipe_runner.cli.coursing import Coursing
from recipe_runner.cli.demanding import Demanding
from recipe_runner.cli.live import drive, screen
from recipe_runner.cli.reading import run_directory
from recipe_runner.cli.reopening import Reopening, differences, reopened, rolls_another_back
from recipe_runner.cli.verbs import PATH, RUN
from recipe_runner.console.terminal import Terminal
from recipe_runner.engine.session import Place, Session, look, resumed
from recipe_runner.errors import UsageError
from recipe_runner.journal.witness.attendance import Attendance
from recipe_runner.journal.witness.table import appointed


@click.command(help="Go on with RUN, a directory or a run's id: what is finished stays finished.")
@click.argument("named", metavar="RUN", type=RUN)
@Reopening.options
@Answering.options
@Coursing.options
@options.witnessing
@Demanding.options
@options.expiring
@click.option(
    "--approval",
    "approvals",
    multiple=True,
    type=PATH,
    metavar="FILE",
    help="Import this answer of an approver; may be repeated.",
)
def command(  # noqa: D103 - its help is above
    named: str,
    reopening: Reopening,
    witnesses: tuple[str, ...],
    answering: Answering,
    course: Coursing,
    demanding: Demanding,
    approval_expiry: timedelta,
    approvals: tuple[Path, ...],
) -> int:
    with answering.mode() as mode:
        run = run_directory(named)
    terminal = Terminal(plain=answering.plain, silent=answering.silent)
    attendance = Attendance.of(appointed(witnesses), demanding.witnesses())
    finder, ask = reopening.finder(terminal.release), answering.asker(terminal)
    with reopened(run, reopening, finder, ask, demanding.policy) as found:
        if found.history.closed is not None:
            raise UsageError.because(
                f"run `{found.first.run}` is over ({found.history.closed.outcome})",
                hint="start a new run with `recipe run`",
            )
        if found.first.undoes is not None:
            raise rolls_another_back(found, run)
        if found.history.rolling_back:
            raise UsageError.because(
                f"run `{found.first.run}` is being rolled back, and resume would go forward",
                hint=f"go on with `recipe undo {run}`",
            )
        found.check_directory()
        demanding.check(found.journal.signer, found.first, answering.roles)
        chosen = course.course(found.plan)
        view = screen(terminal, found.plan, as_json=answering.as_json)
        operator = answering.operator(view, found.plan)
        steps = found.plan.steps
        finished = sum(found.history.finished(p.step.id, p.items, len(p.step.verifies)) for p in steps)
        view.opening(found.first.run, found.journal.signed_by, mode, finished=finished)
        for source in found.plan.recipe.sources:
            found.journal.keep(source.data)
        event = resumed(
            found.plan,
            found.history,
            mode=mode,
            place=Place.here(),
            acting=answering.roles,
            demands=demanding.demands(),
        )
        found.journal.record(event)
        found.history.apply(event)
        view.show(event)
        view.changes(differences(found))
        findings = look(found.plan, found.environ)
        desk = demanding.desk(found.history.demands, found.journal, approval_expiry, approvals)
        session = Session(
            found.plan,
            found.history,
            operator,
            findings,
            found.state,
            chosen,
            found.environ,
            found.away,
            desk,
        )
        return drive(session.events(), found.journal, view, run, findings, attendance)
