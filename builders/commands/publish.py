"""`recipe cloud withdraw` and `recipe cloud discard`: the ways back, for undo scripts and for people."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import click

from recipe_runner.sanitise import line


def _way_back(function: Callable[[Path, str | None], None]) -> Callable[[Path, str | None], None]:
    """Give a verb its argument and option."""
    option = click.option("--endpoint-url", metavar="URL", help="Another cloud than AWS; empty means none.")
    argument = click.argument("state", type=click.Path(dir_okay=False, path_type=Path))
    return argument(option(function))


@click.command()
@_way_back
def withdraw(state: Path, endpoint_url: str | None) -> None:
    """Make the images that the publication's file STATE names private again, in every region."""
    from builders.publish.cloud import Cloud  # noqa: PLC0415 - boto3 takes a third of a second to import
    from builders.publish.rollback import withdraw as make_private  # noqa: PLC0415

    make_private(state, Cloud(endpoint_url or None), _say)


@click.command()
@_way_back
def discard(state: Path, endpoint_url: str | None) -> None:
    """Deregister the private images that the publication's file STATE names and delete their snapshots."""
    from builders.publish.cloud import Cloud  # noqa: PLC0415 - boto3 takes a third of a second to import
    from builders.publish.rollback import discard as remove  # noqa: PLC0415

    remove(state, Cloud(endpoint_url or None), _say)


def _say(text: str) -> None:
    click.echo(line(text))
