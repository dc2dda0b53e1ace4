"""`recipe run FILE`."""

from __future__ import annotations

import subprocess
from datetime import timedelta
from pathlib import Path

import click

from recipe_runner.cli import options, surroundings, tables
from recipe_runner.cli.answering import Answering
from recipe_runner.cli.coursing import Coursing
from recipe_runner.cli.demanding import Demanding
from recipe_runner.cli.given import Given, secret_values
from recipe_runner.cli.live import drive, screen
from recipe_runner.cli.signing import Signing
from recipe_runner.cli.verbs import PATH
from recipe_runner.console.terminal import Terminal
from recipe_runner.engine.course import Course
from recipe_runner.engine.history import History
from recipe_runner.engine.plan import Plan, plan
from recipe_runner.engine.preconditions.table import kinds
from recipe_runner.engine.session import Place, Session, genesis, look, new_run_id
from recipe_runner.engine.shell_state import ShellState
from recipe_runner.engine.values import resolve
from recipe_runner.errors import ExitCode, UsageError
from recipe_runner.journal.store.journal import Journal
from recipe_runner.journal.witness.attendance import Attendance
from recipe_runner.journal.witness.table import appointed
from recipe_runner.language.parse import load


@click.command(help="Run the recipe FILE step by step and write its signed journal.")
@click.argument("file", type=PATH)
@Given.options
@options.including
@options.secret
@click.option("--runs", type=PATH, metavar="DIR", help="Keep the run's journal below this directory.")
@click.option("--dry-run", is_flag=True, help="Show what would run and look at the preconditions; run nothing.")
@Answering.options
@Coursing.options
@Signing.options
@options.witnessing
@Demanding.options
@options.expiring
def command(  # noqa: D103 - its help is above
    file: Path,
    given: Given,
    includes: tuple[Path, ...],
    secrets: tuple[str, ...],
    runs: Path | None,
    dry_run: bool,
    witnesses: tuple[str, ...],
    answering: Answering,
    course: Coursing,
    signing: Signing,
    demanding: Demanding,
    approval_expiry: timedelta,
) -> int:
    with answering.mode(needed=not dry_run) as mode:
        recipe = load(file, includes)
        actions = tables.used_actions(recipe)
        tables.refuse_faults(recipe)
        if not (recipe.steps or recipe.requires):
            raise UsageError.because(
                f"`{file}` has nothing to run: no fence in it has an id, and no list item a box",
                hint="write an id behind a fence's language, such as ```bash {#build}, or have `recipe import` do it",
            )
    terminal = Terminal(plain=answering.plain, silent=answering.silent)
    attendance = Attendance.of(appointed(witnesses), demanding.witnesses())
    environ = surroundings.environment()
    values = resolve(
        recipe.params,
        given=given.values(),
        file={
            **given.listed(),
            **secret_values(secrets, recipe.params, environ),
        },
        environ=environ,
        ask=answering.asker(terminal),
    )
    planned = plan(recipe, values, actions=actions, preconditions=kinds())
    chosen = course.course(planned)
    if dry_run:
        from recipe_runner.console import dryrun  # noqa: PLC0415 - runs start without

        findings = look(planned, environ)
        code = ExitCode.DONE if all(finding.met for finding in findings) else ExitCode.PRECONDITION
        if answering.as_json:
            dryrun.show_json(terminal, planned, findings, chosen, code)
        else:
            dryrun.show(terminal, planned, findings, chosen)
        return code
    view = screen(terminal, planned, as_json=answering.as_json)
    operator = answering.operator(view, planned)
    sealing = signing.sealing(planned, demanding.demands())
    signer = signing.signer(terminal.release)
    if signer is None and (gated := _gated(planned, chosen)):
        raise UsageError.because(
            f"step `{gated}` must be approved, which an unsigned run cannot prove", hint="run it with a signing key"
        )
    place = Place.here()
    first = genesis(
        planned,
        run=new_run_id(),
        mode=mode,
        place=place,
        suppliers=tables.suppliers(actions),
        commit=_commit(file),
        acting=answering.roles,
        demands=demanding.demands(),
    )
    demanding.check(signer, first, answering.roles)
    directory = surroundings.runs_directory(runs) / first.run
    view.opening(first.run, signer.primary if signer else None, mode)
    documents = [source.data for source in recipe.sources]
    with Journal.create(directory, first, signer, documents, sealing=sealing) as journal:
        view.show(first)
        findings = look(planned, environ)
        state = ShellState(directory=place.directory)
        desk = demanding.desk(first.approvals, journal, approval_expiry)
        session = Session(planned, History.of([first]), operator, findings, state, chosen, environ, approvals=desk)
        return drive(session.events(), journal, view, directory, findings, attendance)


def _gated(planned: Plan, course: Course) -> str | None:
    """Return the first step of those to run that must be approved."""
    steps = (p.step for p in planned.steps if p.applicable and not course.leaves_out(p.step.id))
    return next((step.id for step in steps if step.attributes.approve), None)


def _commit(file: Path) -> str | None:
    """Return the Git commit that the recipe's directory is at, where it is a checkout."""
    try:
        done = subprocess.run(
            ["git", "-C", str(file.absolute().parent), "rev-parse", "--verify", "-q", "HEAD"],
            capture_output=True,
            text=True,
            timeout=10,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() or None
