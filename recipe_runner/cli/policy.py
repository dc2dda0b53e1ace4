"""`recipe policy FILE`."""

from __future__ import annotations

from pathlib import Path

import click

from recipe_runner.cli.verbs import PATH
from recipe_runner.console.terminal import Terminal
from recipe_runner.errors import UsageError
from recipe_runner.journal.policy_writer import add_approver, exact, write_policy
from recipe_runner.journal.signers.certificate import public_key
from recipe_runner.journal.signers.find import find_signer
from recipe_runner.language.attribute_rules import WORD
from recipe_runner.sanitise import line


@click.command(help="Write a policy to FILE that trusts one signing key, or let it name one more approver.")
@click.argument("file", type=PATH)
@click.option("--key", metavar="KEY", help="The key to trust; default: the only OpenPGP key that can sign.")
@click.option("--approver", metavar="FINGERPRINT", help="Add somebody who may approve; the certificate must be here.")
@click.option("--role", "roles", multiple=True, metavar="NAME", help="A role of the one who is named; may be repeated.")
@click.option("--force", is_flag=True, help="Replace the file if it is there.")
def command(file: Path, key: str | None, approver: str | None, roles: tuple[str, ...], force: bool) -> None:  # noqa: D103 - its help is above
    if odd := next((role for role in roles if not WORD.fullmatch(role)), None):
        raise UsageError.because(f"`{line(odd)}` is no role", hint="give one word, as `by=` in a recipe has it")
    primary = exact(approver) if approver else None
    public = public_key(primary) if primary else b""
    terminal = Terminal()
    if force or not (file.exists() and primary):
        if file.exists() and not force:
            raise UsageError.because(f"`{file}` is there already", hint="add --force to replace it")
        signer = find_signer(key)
        write_policy(file, signer, () if primary else roles)
        terminal.say(f"{file} trusts {signer.primary}")
    elif key:
        raise UsageError.because(f"`{file}` is there already, with its own signers", hint="leave --key out")
    if primary:
        add_approver(file, primary, public, roles)
        named = " and ".join(roles)
        as_what = f" as {line(named)}" if roles else ""
        terminal.say(f"{file} lets {primary} approve{as_what}")
