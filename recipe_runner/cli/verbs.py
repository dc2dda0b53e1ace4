"""Groups of verbs as this program lists them, and misuse of its command line in its own words."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import click

from recipe_runner.errors import Diagnostic

PATH = click.Path(readable=False, path_type=Path)
"""A path that shells complete; whether it can be used, and what is said if not, is for whoever opens it."""
RUN = click.Path(readable=False, path_type=str)
"""A directory of a run, or the beginning of its id."""
FORM = (click.exceptions.MissingParameter, click.exceptions.BadArgumentUsage)


class Verbs(click.Group):
    """A group that says of each verb, in the order in which they were added, in a whole sentence what it does."""

    def __init__(self, **given: Any) -> None:  # noqa: ANN401 - click's own
        super().__init__(subcommand_metavar="VERB [ARGUMENT]…", **given)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of the verbs."""
        return list(self.commands)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write one row for each verb."""
        with formatter.section("Verbs"):
            formatter.write_dl([(name, self.summary(ctx, name)) for name in self.list_commands(ctx)])

    def summary(self, ctx: click.Context, name: str) -> str:
        """Return the first sentence of a verb's help."""
        verb = self.get_command(ctx, name)
        return f"{verb.get_short_help_str(limit=1000).rstrip('.')}." if verb is not None else ""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the verb; one that is not there is compared with all that are."""
        try:
            return super().resolve_command(ctx, args)
        except click.exceptions.NoSuchCommand as error:
            raise click.exceptions.NoSuchCommand(
                error.command_name, f"there is no verb `{error.command_name}`", self.list_commands(ctx), ctx
            ) from error


def misuse(error: click.ClickException) -> Diagnostic:
    """Say what is wrong with a command line, and how it is written."""
    found = error.message if isinstance(error, click.exceptions.NoSuchCommand) else _quoted(error.format_message())
    near = getattr(error, "possibilities", None)
    context = getattr(error, "ctx", None)
    if isinstance(error, click.exceptions.NoSuchOption):
        found = f"there is no option `{error.option_name}`"
    if near:
        return Diagnostic(found, hint=f"did you mean {' or '.join(f'`{name}`' for name in near)}?")
    if context is None:
        return Diagnostic(found)
    if isinstance(error, FORM):
        needed = (p for p in context.command.params if isinstance(p, click.Option) and p.required)
        words = (f"{option.opts[0]} {option.make_metavar(context)}" for option in needed)
        form = " ".join([context.command_path, *words, *context.command.collect_usage_pieces(context)])
        return Diagnostic(found, hint=f"write `{form}`")
    return Diagnostic(found, hint=f"see `{context.command_path} --help`")


def _quoted(text: str) -> str:
    """Return one of click's messages as ours are written: lower case, names in backticks, no full stop."""
    named = re.sub(r"'([^']*)'", r"`\1`", text).rstrip(".")
    return named if named[:2].isupper() else named[:1].lower() + named[1:]
