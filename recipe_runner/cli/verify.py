"""`recipe verify RUN`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import NoReturn

import click

from recipe_runner.cli.reading import run_directory
from recipe_runner.cli.verbs import PATH, RUN, misuse
from recipe_runner.console import diagnostics, verdict
from recipe_runner.console.terminal import Terminal
from recipe_runner.errors import Diagnostic, RecipeError
from recipe_runner.journal.ledger import Ledger
from recipe_runner.journal.policy import Policy
from recipe_runner.journal.verification.verdict import UNUSABLE
from recipe_runner.journal.verification.verify import verify
from recipe_runner.journal.witness.inquiry import Inquiry


class Verify(click.Command):
    """A command whose usage errors end with verification's own exit code."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse; a fault is shown and ends the program."""
        try:
            return super().parse_args(ctx, args)
        except click.UsageError as error:
            diagnostics.show(Terminal(), (misuse(error),))
            ctx.exit(UNUSABLE)


@click.command(
    cls=Verify,
    help="Say whether the journal of RUN, a directory or a run's id, can be trusted. Exit codes: 0 VALID, 1 INVALID, "
    "2 INCOMPLETE, 3 UNTRUSTED, 4 no verdict.",
)
@click.argument("named", metavar="RUN", type=RUN)
@click.option("--policy", type=PATH, required=True, metavar="FILE", help="Who may sign, and what must have been run.")
@click.option("--second-opinion", is_flag=True, help="Have `sqv` judge the signatures too.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
@click.option("--ledger", type=PATH, metavar="DIR", help="Runs that may vouch for this one; default: those beside it.")
@click.pass_context
def command(  # noqa: D103 - its help is above
    ctx: click.Context, named: str, policy: Path, ledger: Path | None, second_opinion: bool, as_json: bool
) -> int:
    terminal = Terminal()
    try:
        run = run_directory(named)
        kept = Ledger.read(ledger) if ledger else None
        trusted = Policy.load(policy)
        with terminal.busy("verifying") as doing, Inquiry(lambda who: doing(f"asking {who}")) as inquiry:
            report = verify(run, trusted, kept, second_opinion=second_opinion, inquiry=inquiry)
    except RecipeError as error:
        _refuse(ctx, terminal, error.diagnostics, as_json=as_json)
    if as_json:
        terminal.raw(json.dumps(report.to_json(), indent=2) + "\n")
    else:
        verdict.show(terminal, run, report)
    return report.verdict.exit_code


def _refuse(ctx: click.Context, terminal: Terminal, faults: tuple[Diagnostic, ...], *, as_json: bool) -> NoReturn:
    if as_json:
        answer = {"verdict": "ERROR", "reasons": [fault.message for fault in faults]}
        terminal.raw(json.dumps(answer, indent=2) + "\n")
    else:
        diagnostics.show(terminal, faults)
    ctx.exit(UNUSABLE)
