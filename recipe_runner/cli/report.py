"""`recipe report RUN`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import click

from recipe_runner.cli.reading import account_of, run_directory
from recipe_runner.cli.verbs import PATH, RUN
from recipe_runner.cli.writing import write_over
from recipe_runner.console.terminal import Terminal
from recipe_runner.export.subject import Subject
from recipe_runner.journal.ledger import Ledger
from recipe_runner.journal.policy import Policy
from recipe_runner.journal.reading.snapshot import snapshot
from recipe_runner.journal.reading.transcript import transcript
from recipe_runner.journal.store.runner import runner
from recipe_runner.journal.verification.verify import verify
from recipe_runner.site import report
from recipe_runner.site.document import Document, Judgement, document

FORMS: dict[str, Callable[[Document], str]] = {"html": report.html, "md": report.markdown}


@click.command(help="Write a report on RUN, a directory or a run's id, as one page that needs nothing else.")
@click.argument("run", type=RUN)
@click.option("-o", "--output", type=PATH, required=True, metavar="FILE", help="Write the page to this file.")
@click.option("--policy", type=PATH, metavar="FILE", help="Verify the run by this policy; else it says `not verified`.")
@click.option("--format", "form", type=click.Choice(sorted(FORMS)), default="html", help="The page's form.")
def command(run: str, output: Path, policy: Path | None, form: str) -> None:  # noqa: D103 - its help is above
    directory = run_directory(run)
    trusted = Policy.load(policy) if policy else None
    with snapshot(directory) as still:
        subject = Subject(still, account_of(still))
        judgement = None
        if trusted:
            judgement = Judgement(verify(still, trusted, Ledger.read(directory.absolute().parent)), str(policy))
        found = document(
            subject.account,
            subject.kept(),
            lambda execution: transcript(still, execution.end.blobs if execution.end else {}),
            directory=str(directory),
            state=subject.account.state(live=runner(directory) is not None),
            judgement=judgement,
            journal_sha256=subject.journal_sha256(),
        )
    write_over(output, FORMS[form](found).encode("utf-8", "replace"))
    Terminal().say(str(output))
