"""`recipe witness RUN`."""

from __future__ import annotations

from pathlib import Path

import click

from recipe_runner.cli import options
from recipe_runner.cli.reading import run_directory
from recipe_runner.cli.verbs import PATH, RUN
from recipe_runner.console.terminal import Terminal
from recipe_runner.errors import ExitCode, UnmetError, UsageError
from recipe_runner.journal.files import open_regular, reading
from recipe_runner.journal.ledger import JOURNAL
from recipe_runner.journal.policy import Policy
from recipe_runner.journal.reading.narrative import tell
from recipe_runner.journal.records.lines import LINE_CAP
from recipe_runner.journal.store.runner import runner
from recipe_runner.journal.store.survey import survey
from recipe_runner.journal.witness.attendance import Attendance
from recipe_runner.journal.witness.head import Head
from recipe_runner.journal.witness.table import appointed


@click.command(help="Have the journal of RUN, a directory or a run's id, attested as it is now, up to its last seal.")
@click.argument("run", type=RUN)
@options.witnessing
@click.option("--policy", type=PATH, metavar="FILE", help="Also ask the witnesses of this policy.")
def command(run: str, witnesses: tuple[str, ...], policy: Path | None) -> int:  # noqa: D103 - its help is above
    directory = run_directory(run)
    terminal = Terminal()
    attendance = Attendance.of(appointed(witnesses), Policy.load(policy).witnesses if policy else ())
    if not attendance.witnesses:
        raise UsageError.because("no witness is named", hint="add --witness KIND=ADDRESS, or --policy FILE")
    if (process := runner(directory)) is not None:
        raise UnmetError.because(
            f"process {process} is running `{directory}`", hint="wait until it ends: it calls its own witnesses"
        )
    attendance.call(_head(directory))
    answers = list(attendance.awaited(directory))
    for witnessed in answers:
        told = tell(witnessed)
        terminal.say(told.text, told.tone if told.tone == "warn" else "")
    return ExitCode.DONE if all(witnessed.outcome == "attested" for witnessed in answers) else ExitCode.FAILED


def _head(directory: Path) -> Head:
    """Return how far the part of a journal goes that counts; raises UsageError or VerificationError."""
    with reading(directory), open_regular(directory / JOURNAL) as file:
        found = survey(iter(lambda: file.readline(LINE_CAP + 1), b""))
    return Head.of(found.run, found.chain)
