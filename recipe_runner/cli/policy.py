"""`recipe policy FILE`."""

from __future__ import annotations

from pathlib import Path

import click

from recipe_runner.console.terminal import Terminal
from recipe_runner.errors import UsageError
from recipe_runner.journal.policy import write_policy
from recipe_runner.journal.signer import find_signer


@click.command(help="Write a policy to FILE that trusts one signing key.")
@click.argument("file", type=Path)
@click.option("--key", metavar="KEY", help="The key to trust; default: the only OpenPGP key that can sign.")
@click.option("--force", is_flag=True, help="Replace the file if it is there.")
def command(file: Path, key: str | None, force: bool) -> None:  # noqa: D103 - its help is above
    if file.exists() and not force:
        raise UsageError.because(f"`{file}` is there already", hint="add --force to replace it")
    signer = find_signer(key)
    write_policy(file, signer)
    Terminal().say(f"{file} trusts {signer.primary}")
