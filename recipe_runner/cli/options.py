"""The options that several verbs have, and how those that belong together reach a verb as one value."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable
from datetime import timedelta
from typing import Any, TypeVar, cast

import click

from recipe_runner.cli.verbs import PATH
from recipe_runner.language.durations import parse_duration

F = TypeVar("F", bound=Callable[..., Any])


def grouped(function: F, name: str, group: type[Any], *options: Callable[[Any], Any]) -> F:
    """Add options that reach the function as one argument `name`: a `group`, whose fields are theirs by name."""
    fields = [field.name for field in dataclasses.fields(group)]

    @functools.wraps(function)
    def wrapper(**given: Any) -> Any:  # noqa: ANN401 - click's own
        mine = {field: given.pop(field) for field in fields}
        return function(**given, **{name: group(**mine)})

    for option in reversed(options):
        wrapper = option(wrapper)
    return cast("F", wrapper)


def plain(function: F) -> F:
    """Add the option for those who want text alone."""
    return click.option("--plain", is_flag=True, help="No colour, no drawing: for screen readers and logs.")(function)


def including(function: F) -> F:
    """Add the option that widens where includes may come from."""
    return click.option(
        "--includes",
        multiple=True,
        type=PATH,
        metavar="DIR",
        help="Also allow includes from below this directory; may be repeated.",
    )(function)


def secret(function: F) -> F:
    """Add the option that says where secrets come from."""
    return click.option(
        "--secret",
        "secrets",
        multiple=True,
        metavar="NAME=SOURCE",
        help="Read a secret from fd:N, file:PATH, env:NAME or command:PROGRAM…",
    )(function)


def witnessing(function: F) -> F:
    """Add the option that says who is told how far the journal has come."""
    return click.option(
        "--witness",
        "witnesses",
        multiple=True,
        envvar="RECIPE_WITNESSES",
        metavar="KIND=ADDRESS",
        help="Have the journal's head attested by tsa=URL, git=URL#BRANCH or s3=s3://BUCKET/PREFIX; may be repeated.",
    )(function)


def expiring(function: F) -> F:
    """Add the option that says how long a request for approvals stays open."""
    return click.option(
        "--approval-expiry",
        type=DurationType(),
        default="24h",
        show_default=True,
        metavar="DURATION",
        help="How long a request for approvals stays open.",
    )(function)


class DurationType(click.ParamType[timedelta]):
    """A length of time as recipes write it."""

    name = "duration"

    def convert(self, value: str | timedelta, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        """Read it; what is none ends the program with a message."""
        if isinstance(value, timedelta):
            return value
        try:
            duration = parse_duration(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)
        if not duration:
            self.fail("found no time at all", param, ctx)
        return duration
