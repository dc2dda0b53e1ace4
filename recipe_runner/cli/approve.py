"""`recipe approve REQUEST`."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from recipe_runner.cli import surroundings
from recipe_runner.cli.verbs import PATH
from recipe_runner.cli.writing import write_new
from recipe_runner.console import request as page
from recipe_runner.console.terminal import Terminal
from recipe_runner.errors import UsageError
from recipe_runner.journal.request import AnswerFile, Sheet
from recipe_runner.journal.signers.find import find_signer
from recipe_runner.journal.signers.signer import Signer
from recipe_runner.sanitise import line

SHORT = 8


@click.command(help="Show what the file REQUEST asks to be approved, and sign the answer with your own key.")
@click.argument("request", type=PATH)
@click.option("-o", "--output", type=PATH, metavar="FILE", help="Write the answer to this file.")
@click.option("--key", metavar="KEY", help="Sign with this key; default: the only OpenPGP key that can.")
@click.option("--yes", is_flag=True, help="Approve without being asked.")
@click.option("--deny", is_flag=True, help="Deny without being asked.")
@click.option("--reason", metavar="TEXT", help="Why; with --deny it is needed.")
def command(  # noqa: D103 - its help is above
    request: Path, output: Path | None, key: str | None, yes: bool, deny: bool, reason: str | None
) -> None:
    if yes and deny:
        raise UsageError.because("--yes and --deny exclude each other", hint="give one of them")
    if deny and not (reason or "").strip():
        raise UsageError.because("--deny needs a reason", hint="add --reason TEXT")
    if not (yes or deny or surroundings.at_terminal()):
        raise UsageError.because(
            "there is no terminal, so nobody can be asked", hint="add --yes, or --deny --reason TEXT"
        )
    sheet = Sheet.load(request)
    now = datetime.now(UTC)
    if f"{now:%Y-%m-%dT%H:%M:%S.%fZ}" > sheet.event.expires:
        raise UsageError.because(f"the request expired at {sheet.event.expires}", hint="have it asked again")
    terminal = Terminal()
    page.show(terminal, sheet)
    signer = find_signer(key, aside=terminal.release)
    if signer.primary == sheet.signer.primary:
        raise UsageError.because(
            f"key `{signer.primary}` seals the run itself, and four eyes are two people",
            hint="sign with a key of your own: --key FINGERPRINT",
        )
    approved, why = (yes, reason or "") if yes or deny else page.ask(terminal)
    answer = _signed(sheet, signer, now, approved=approved, reason=line(reason or why))
    word = "approved" if approved else "denied"
    path = output or Path(f"{request.stem}-{word}-{signer.primary[-SHORT:]}.json")
    write_new(path, answer.to_bytes(), hint="name another file with -o")
    terminal.say(str(path))
    terminal.note(f"{word} by {signer.primary}; send the file to the operator, and keep it: it proves what you saw")


def _signed(sheet: Sheet, signer: Signer, now: datetime, *, approved: bool, reason: str) -> AnswerFile:
    statement = sheet.event.answered(
        sheet.head,
        decision="approve" if approved else "deny",
        approver=signer.primary,
        key=signer.signing,
        signed=f"{now:%Y-%m-%dT%H:%M:%S.%fZ}",
        reason=reason,
    ).text()
    return AnswerFile(stmt=statement, sig=signer.sign(statement.encode()), request=sheet.to_data())
