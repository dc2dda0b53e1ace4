"""Who answers a session's questions, by the options of the verbs that run recipes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import click

from recipe_runner.cli.options import F, grouped, plain
from recipe_runner.cli.surroundings import at_terminal
from recipe_runner.cli.verbs import PATH
from recipe_runner.console.prompt import ConsoleOperator, ask_parameter
from recipe_runner.console.terminal import Terminal
from recipe_runner.console.view import RunView, View
from recipe_runner.engine.answers import AnswersOperator, YesOperator
from recipe_runner.engine.course import Course, check_course
from recipe_runner.engine.operator import Operator
from recipe_runner.engine.plan import Plan
from recipe_runner.engine.values import Ask
from recipe_runner.errors import Diagnostic, UsageError
from recipe_runner.language.mapping import read_mapping


@dataclass(frozen=True, slots=True)
class Answering:
    """Who answers a session's questions, and in which form it is shown."""

    yes: bool
    accept: tuple[str, ...]
    answers: Path | None
    plain: bool
    silent: bool
    as_json: bool
    roles: tuple[str, ...]

    @staticmethod
    def options(function: F) -> F:
        """Add the options that say who answers; the function gets them as `answering`."""
        return grouped(
            function,
            "answering",
            Answering,
            click.option("--yes", is_flag=True, help="Answer yes by itself, except at points of no return."),
            click.option("--accept", multiple=True, metavar="ID", help="With --yes: pass this point of no return."),
            click.option("--answers", type=PATH, metavar="FILE", help="Take the answers from a YAML file."),
            click.option("--role", "roles", multiple=True, metavar="NAME", help="Act in this role; may be repeated."),
            plain,
            click.option(
                "--silent", is_flag=True, envvar="RECIPE_SILENT", help="No bell and no notification after long work."
            ),
            click.option("--json", "as_json", is_flag=True, help="Print one event a line, for other programs."),
        )

    @contextmanager
    def mode(self, *, needed: bool = True) -> Iterator[str]:
        """Give who answers, as the journal records it, to a block that finds what is to be run.

        Raises UsageError where nobody can though somebody is `needed`, together with what the block found wrong.
        """
        faults = list(self._faults()) if needed else []
        try:
            yield "yes" if self.yes else "answers" if self.answers else "ask"
        except UsageError as error:
            raise UsageError(*error.diagnostics, *faults) from error
        if faults:
            raise UsageError(*faults)

    def operator(self, view: View, plan: Plan) -> Operator:
        """Make the operator that the options ask for; raises UsageError where one names a step that is not there."""
        steps = [planned.step.id for planned in plan.steps]
        check_course(Course(only=frozenset(self.accept)), steps)
        if self.answers:
            return AnswersOperator.from_data(read_mapping(self.answers), str(self.answers), steps)
        console = ConsoleOperator(view) if isinstance(view, RunView) and at_terminal() else None
        if self.yes or console is None:
            return YesOperator(frozenset(self.accept), console)
        return console

    def asker(self, terminal: Terminal) -> Ask | None:
        """Return the function that asks for parameters, or None where nobody can or should be asked."""
        if self.yes or self.answers or not self._person():
            return None
        return lambda parameter, complaint: ask_parameter(terminal, parameter, complaint)

    def _faults(self) -> Iterator[Diagnostic]:
        if self.yes and self.answers:
            yield Diagnostic("--yes and --answers exclude each other", hint="give one of them")
        if self.accept and not self.yes:
            yield Diagnostic("--accept is for --yes only", hint="add --yes, or leave out --accept")
        if not (self.yes or self.answers or self._person()):
            why = "--json leaves nobody to ask" if self.as_json else "there is no terminal, so nobody can be asked"
            yield Diagnostic(why, hint="add --yes, or --answers FILE, or run at a terminal")

    def _person(self) -> bool:
        return at_terminal() and not self.as_json
