"""What the verbs that run a recipe have in common on their command lines."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

from recipe_runner.console.prompt import ConsoleOperator, ask_parameter
from recipe_runner.console.terminal import Terminal
from recipe_runner.console.view import RunView
from recipe_runner.engine.answers import AnswersOperator, YesOperator
from recipe_runner.engine.operator import Operator
from recipe_runner.engine.values import Ask
from recipe_runner.errors import UsageError
from recipe_runner.journal.signer import GpgSigner
from recipe_runner.language.mapping import read_mapping

F = TypeVar("F", bound=Callable[..., Any])


def answering(function: F) -> F:
    """Add the options that say who answers."""
    options = (
        click.option("--yes", is_flag=True, help="Answer yes by itself, except at points of no return."),
        click.option("--accept", multiple=True, metavar="ID", help="With --yes: pass this point of no return."),
        click.option("--answers", type=Path, metavar="FILE", help="Take the answers from a YAML file."),
        click.option("--plain", is_flag=True, help="No colour, no drawing: for screen readers and logs."),
    )
    for option in reversed(options):
        function = option(function)
    return function


def signing(function: F) -> F:
    """Add the options that say who signs."""
    for option in (
        click.option("--no-sign", is_flag=True, help="Write an unsigned journal; nobody can trust it."),
        click.option("--key", metavar="FINGERPRINT", help="Sign with this key; default: the only one that can."),
    ):
        function = option(function)
    return function


def at_terminal() -> bool:
    """Say whether a person can be asked."""
    return sys.stdin is not None and sys.stdin.isatty() and sys.stdout.isatty()


def mode(*, yes: bool, answers: Path | None) -> str:
    """Name who answers, as the journal records it; raises UsageError where nobody can."""
    if yes and answers:
        raise UsageError.because("--yes and --answers exclude each other", hint="give one of them")
    if not (yes or answers or at_terminal()):
        raise UsageError.because(
            "there is no terminal, so nobody can be asked", hint="add --yes, or --answers FILE, or run at a terminal"
        )
    return "yes" if yes else "answers" if answers else "ask"


def operator(view: RunView, *, yes: bool, accept: Sequence[str], answers: Path | None) -> Operator:
    """Make the operator that the options ask for."""
    if answers:
        return AnswersOperator.from_data(read_mapping(answers), str(answers))
    console = ConsoleOperator(view) if at_terminal() else None
    if yes or console is None:
        return YesOperator(frozenset(accept), console)
    return console


def asker(terminal: Terminal, *, yes: bool, answers: Path | None) -> Ask | None:
    """Return the function that asks for parameters, or None where nobody can or should be asked."""
    if yes or answers or not at_terminal():
        return None
    return lambda parameter, complaint: ask_parameter(terminal, parameter, complaint)


def signer(*, key: str | None, no_sign: bool) -> GpgSigner | None:
    """Find the key that signs; raises UsageError, or UnmetError where it cannot sign."""
    if key and no_sign:
        raise UsageError.because("--key and --no-sign exclude each other", hint="give one of them")
    return None if no_sign else GpgSigner.find(key)


def assignments(texts: Sequence[str]) -> Mapping[str, str]:
    """Read `name=value` options; raises UsageError."""
    values: dict[str, str] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise UsageError.because(f"`-p {text}` is not `name=value`", hint="write -p name=value")
        values[name] = value
    return values


def environment() -> dict[str, str]:
    """Return the environment for steps and preconditions: ours, and the terminal's name for gpg's pinentry."""
    environ = dict(os.environ)
    if at_terminal():
        environ["GPG_TTY"] = os.ttyname(sys.stdin.fileno())
    return environ


def default_runs() -> Path:
    """Return where journals go unless `--runs` says otherwise (XDG Base Directory: state)."""
    state = os.environ.get("XDG_STATE_HOME")
    return (Path(state) if state else Path.home() / ".local/state") / "recipe-runner" / "runs"
