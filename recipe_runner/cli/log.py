"""`recipe log …`: reading runs."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from recipe_runner.cli import export, options
from recipe_runner.cli.reading import account_of, chosen, run_directories, run_directory, where_runs_are
from recipe_runner.cli.verbs import PATH, RUN, Verbs
from recipe_runner.console import comparison, tallies, timeline
from recipe_runner.console import runs as run_table
from recipe_runner.console.gutter import Gutter
from recipe_runner.console.runs import ListedRun
from recipe_runner.console.stream import print_object
from recipe_runner.console.terminal import Terminal
from recipe_runner.engine.events import Output
from recipe_runner.errors import RecipeError
from recipe_runner.journal.ledger import Ledger
from recipe_runner.journal.policy import Policy
from recipe_runner.journal.reading.account import Account, Execution
from recipe_runner.journal.reading.comparison import changes, recipe_diff
from recipe_runner.journal.reading.follow import follow
from recipe_runner.journal.reading.glance import Glance
from recipe_runner.journal.reading.kept import kept
from recipe_runner.journal.reading.narrative import milliseconds, spell
from recipe_runner.journal.reading.read import records
from recipe_runner.journal.reading.tally import tally
from recipe_runner.journal.reading.transcript import STREAMS, transcript
from recipe_runner.journal.store.runner import runner
from recipe_runner.journal.verification.verify import verify
from recipe_runner.journal.witness.inquiry import Inquiry
from recipe_runner.sanitise import line


@click.group(cls=Verbs, help="Read runs: list them, follow one, see what a step wrote, compare.")
def command() -> None:  # noqa: D103 - its help is above
    pass


@command.command("list", help="List the runs, newest first.")
@click.option("--runs", type=PATH, metavar="DIR", help="Runs below this directory.")
@click.option("--policy", type=PATH, metavar="FILE", help="Verify each run by this policy.")
@click.option("--json", "as_json", is_flag=True, help="Print a list of objects.")
@options.plain
def list_runs(runs: Path | None, policy: Path | None, as_json: bool, plain: bool) -> None:  # noqa: D103 - its help is above
    terminal = Terminal(plain=plain)
    where = where_runs_are(runs)
    listed = _listed(terminal, where, Policy.load(policy) if policy else None)
    listed.sort(key=lambda run: run.glance.began, reverse=True)
    if as_json:
        terminal.raw(json.dumps([run_table.as_data(run) for run in listed], indent=2) + "\n")
    elif listed:
        run_table.show(terminal, listed)
    elif not run_directories(where):
        terminal.note(line(f"no runs below {where}"))


def _listed(terminal: Terminal, runs: Path, trusted: Policy | None) -> list[ListedRun]:
    """Look at each run, and verify it by a policy; witnesses are asked once for all of them."""
    ledger = Ledger.read(runs) if trusted else None
    found: list[ListedRun] = []
    directories = run_directories(runs)
    with terminal.busy("reading runs") as doing, Inquiry(lambda who: doing(f"asking {who}")) as inquiry:
        for number, directory in enumerate(directories, 1):
            try:
                glance, verdict = Glance.at(directory), None
                if trusted:
                    doing(f"verifying run {number} of {len(directories)}")
                    verdict = verify(directory, trusted, ledger, inquiry=inquiry).verdict
            except RecipeError as error:
                terminal.warn(line(f"{directory}: {error}"))
                continue
            live = glance.closed is None and runner(directory) is not None
            found.append(ListedRun(directory, glance, glance.state(live=live), verdict))
    return found


@command.command(help="Show what happened in RUN, a directory or a run's id, record by record.")
@click.argument("run", type=RUN)
@click.option("--follow", "follows", is_flag=True, help="Go on showing what happens until nobody runs it any more.")
@click.option("--json", "as_json", is_flag=True, help="Print one object a line.")
@options.plain
def show(run: str, follows: bool, as_json: bool, plain: bool) -> None:  # noqa: D103 - its help is above
    directory = run_directory(run)
    terminal = Terminal(plain=plain)
    found = follow(directory) if follows else records(directory)
    if as_json:
        for record in found:
            print_object(terminal, timeline.as_data(record))
    elif not timeline.show(terminal, found):
        timeline.show_open_end(terminal, directory, runner(directory))


@command.command(help="Show what STEP wrote in RUN, the last attempt of each item and role unless told otherwise.")
@click.argument("run", type=RUN)
@click.argument("step")
@click.option("--item", metavar="ITEM", help="Only this value of an `each=` step.")
@click.option("--attempt", type=int, metavar="N", help="This attempt, from 1.")
@click.option(
    "--raw", is_flag=True, help="Write the very bytes, escape sequences and all, to the streams they came from."
)
@options.plain
def output(run: str, step: str, item: str | None, attempt: int | None, raw: bool, plain: bool) -> None:  # noqa: D103 - its help is above
    directory = run_directory(run)
    executions = chosen(account_of(directory), step, item=item, attempt=attempt)
    if raw:
        _write_raw(directory, executions)
    else:
        _show_output(Terminal(plain=plain), directory, executions)


@command.command(help="Show how the runs FIRST and SECOND differ: parameters, steps, outcomes, times, recipe text.")
@click.argument("first", type=RUN)
@click.argument("second", type=RUN)
@options.plain
def diff(first: str, second: str, plain: bool) -> None:  # noqa: D103 - its help is above
    directories = run_directory(first), run_directory(second)
    before, after = map(account_of, directories)
    texts = recipe_diff(kept(directories[0], before), kept(directories[1], after))
    comparison.show(Terminal(plain=plain), list(changes(before, after)), texts)


@command.command(help="Count over many runs what became of each step, and how long it took.")
@click.option("--runs", type=PATH, metavar="DIR", help="Runs below this directory.")
@options.plain
def stats(runs: Path | None, plain: bool) -> None:  # noqa: D103 - its help is above
    terminal = Terminal(plain=plain)

    def accounts() -> Iterator[Account]:
        for directory in run_directories(where_runs_are(runs)):
            try:
                yield account_of(directory)
            except RecipeError as error:
                terminal.warn(line(f"{directory}: {error}"))

    tallies.show(terminal, tally(accounts()))


command.add_command(export.command, "export")


def _show_output(terminal: Terminal, directory: Path, executions: list[Execution]) -> None:
    for execution in executions:
        end = execution.end
        took = f" · {spell(milliseconds(end.duration_ms))}" if end else ""
        terminal.rule(execution.label, f"{execution.outcome}{took}")
        if end is None:
            terminal.note("what it writes can be read once it has ended")
            continue
        if not end.blobs.keys() & set(STREAMS):
            terminal.note("it wrote nothing")
        gutter = Gutter(terminal)
        for piece in transcript(directory, end.blobs):
            gutter.feed(Output(execution.start.step, piece.stream, piece.data, piece.elapsed_ns))
        gutter.finish()


def _write_raw(directory: Path, executions: list[Execution]) -> None:
    for execution in executions:
        for piece in transcript(directory, execution.end.blobs if execution.end else {}):
            stream = sys.stdout.buffer if piece.stream == "stdout" else sys.stderr.buffer
            stream.write(piece.data)
            stream.flush()
