"""Values that are given on a command line as `name=value`: parameters, and where secrets come from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from recipe_runner.cli.options import F, grouped
from recipe_runner.cli.verbs import PATH
from recipe_runner.engine.secrets.sources import read_secret
from recipe_runner.errors import UsageError
from recipe_runner.language.mapping import read_mapping
from recipe_runner.language.parameters import Parameter
from recipe_runner.language.suggestions import suggest


@dataclass(frozen=True, slots=True)
class Given:
    """The parameters that a command line gives, one by one and in a file."""

    params: tuple[str, ...]
    params_file: Path | None

    @staticmethod
    def options(function: F) -> F:
        """Add the options for it; the function gets them as `given`."""
        return grouped(
            function,
            "given",
            Given,
            click.option("-p", "params", multiple=True, metavar="NAME=VALUE", help="Set a parameter; may be repeated."),
            click.option("--params-file", type=PATH, metavar="FILE", help="Take parameters from a YAML file."),
        )

    def values(self) -> Mapping[str, str]:
        """Return those given one by one; raises UsageError."""
        return assignments(self.params)

    def listed(self) -> Mapping[str, Any]:
        """Return those of the file; raises UsageError."""
        return read_mapping(self.params_file) if self.params_file else {}


def assignments(texts: Sequence[str]) -> Mapping[str, str]:
    """Read `name=value` options; raises UsageError."""
    values: dict[str, str] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise UsageError.because(f"`{name}` is not followed by `=` and a value", hint="write name=value")
        values[name] = value
    return values


def secret_values(texts: Sequence[str], parameters: Sequence[Parameter], environ: Mapping[str, str]) -> dict[str, str]:
    """Read the secrets that `--secret` names; raises UsageError, also for a parameter that is none."""
    known = {parameter.name for parameter in parameters if parameter.type == "secret"}
    values: dict[str, str] = {}
    for name, source in assignments(texts).items():
        if name not in known:
            raise UsageError.because(f"the recipe has no secret `{name}`", hint=suggest(name, known, what="secret"))
        values[name] = read_secret(name, source, environ)
    return values
