"""`recipe resume RUN`."""

from __future__ import annotations

from pathlib import Path

import click

from recipe_runner.cli import options, tables
from recipe_runner.cli.live import drive
from recipe_runner.console.terminal import Terminal
from recipe_runner.console.view import RunView
from recipe_runner.engine.events import Genesis
from recipe_runner.engine.history import History
from recipe_runner.engine.plan import plan
from recipe_runner.engine.preconditions.base import World
from recipe_runner.engine.preconditions.evaluation import evaluate_all
from recipe_runner.engine.preconditions.table import kinds
from recipe_runner.engine.session import Place, Session, resumed
from recipe_runner.engine.shell import ShellState
from recipe_runner.engine.values import resolve
from recipe_runner.errors import UsageError
from recipe_runner.journal.store import Journal
from recipe_runner.language.parse import load


@click.command(help="Go on with the run in directory RUN: what is finished stays finished.")
@click.argument("run", type=Path)
@click.option("--recipe", type=Path, metavar="FILE", help="Where the recipe is now, if it was moved.")
@options.answering
@click.option("--key", metavar="FINGERPRINT", help="Sign with this key; default: the one that signed so far.")
def command(  # noqa: D103 - its help is above
    run: Path,
    recipe: Path | None,
    yes: bool,
    accept: tuple[str, ...],
    answers: Path | None,
    plain: bool,
    key: str | None,
) -> int:
    mode = options.mode(yes=yes, answers=answers)
    terminal = Terminal(plain=plain)
    with Journal.reopen(run, lambda first: options.signer(key=key or first, no_sign=first is None)) as journal:
        history = History.of(journal.past)
        first = _begun(history, run)
        parsed = load(recipe or Path(first.recipe["path"]))
        actions = tables.used_actions(parsed)
        tables.refuse_faults(parsed, actions)
        environ = options.environment()
        values = resolve(
            parsed.params,
            given={},
            file={n: v for n, v in first.params.items() if parsed.parameter(n)},
            environ=environ,
            ask=options.asker(terminal, yes=yes, answers=answers),
        )
        planned = plan(parsed, values, actions=actions, preconditions=kinds())
        view = RunView(terminal, planned)
        view.opening(first.run, journal.signed_by, mode)
        event = resumed(planned, history, mode=mode, place=Place.here())
        journal.record(event)
        history.apply(event)
        state = ShellState(directory=first.directory)
        if history.state_blob:
            state = ShellState.from_bytes(journal.blob(history.state_blob["sha256"]))
        session = Session(
            planned,
            history,
            options.operator(view, yes=yes, accept=accept, answers=answers),
            tuple(evaluate_all(planned.preconditions, World(environ, Path.cwd(), values.texts))),
            state,
            environ=environ,
        )
        return drive(session, journal, view, run)


def _begun(history: History, run: Path) -> Genesis:
    """Return the run's first event; raises UsageError for a run that is over."""
    if history.genesis is None:
        raise UsageError.because(f"`{run}` is not a run: its journal has no beginning")
    if history.closed is not None:
        raise UsageError.because(
            f"run `{history.genesis.run}` is over ({history.closed.outcome})", hint="start a new run with `recipe run`"
        )
    return history.genesis
