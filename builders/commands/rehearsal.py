"""`recipe cloud`: a cloud to rehearse with, and the ways back from a publication."""

from __future__ import annotations

import signal
from pathlib import Path

import click

from builders.commands.publish import discard, withdraw
from recipe_runner.cli.verbs import Verbs
from recipe_runner.errors import UsageError


@click.group(name="cloud", cls=Verbs)
def group() -> None:
    """Rehearse a release against a cloud on this machine; take a publication back."""


group.add_command(withdraw)
group.add_command(discard)


@group.command()
@click.option(
    "--port", type=click.IntRange(0, 65535), default=0, metavar="PORT", help="Port on 127.0.0.1; 0 takes a free one."
)
@click.option(
    "--ready-file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the address here once the cloud answers, and remove it at the end.",
)
def serve(port: int, ready_file: Path | None) -> None:
    """Serve EC2, EBS, S3, SSM and STS on 127.0.0.1 until interrupted; everything is forgotten then.

    Prints the address, then how to point AWS tools at it.
    """
    from builders.rehearsal.server import CREDENTIALS, application, serving  # noqa: PLC0415 - for this verb only

    stop = signal.Signals.SIGTERM, signal.Signals.SIGINT
    signal.pthread_sigmask(signal.SIG_BLOCK, stop)
    with serving(application(), port=port) as address:
        click.echo(address)
        click.echo(f"export AWS_ENDPOINT_URL={address}", err=True)
        for name, value in CREDENTIALS.items():
            click.echo(f"export {name}={value}", err=True)
        try:
            if ready_file:
                _announce(ready_file, address)
            signal.sigwait(stop)
        finally:
            if ready_file:
                ready_file.unlink(missing_ok=True)


def _announce(ready_file: Path, address: str) -> None:
    """Put the address in place whole: whoever waits for the file may read it at once."""
    aside = ready_file.with_name(f".{ready_file.name}.new")
    try:
        aside.write_text(f"{address}\n", encoding="ascii")
        aside.rename(ready_file)
    except OSError as fault:
        raise UsageError.because(f"cannot write `{ready_file}`: {fault.strerror}") from fault
