"""Which part of a recipe a session runs, by the options that choose steps."""

from __future__ import annotations

from dataclasses import dataclass

import click

from recipe_runner.cli.options import F, grouped
from recipe_runner.engine.course import Course, check_course
from recipe_runner.engine.plan import Plan


@dataclass(frozen=True, slots=True)
class Coursing:
    """Which part of the recipe to run."""

    begin: str | None
    until: str | None
    only: tuple[str, ...]

    @staticmethod
    def options(function: F) -> F:
        """Add the options that choose steps; the function gets them as `course`."""
        return grouped(
            function,
            "course",
            Coursing,
            click.option("--from", "begin", metavar="ID", help="Leave out the steps before this one, on record."),
            click.option("--until", metavar="ID", help="Stop behind this step; resume goes on."),
            click.option("--only", multiple=True, metavar="ID", help="Run only this step; may be repeated."),
        )

    def course(self, plan: Plan) -> Course:
        """Return the course; raises UsageError for steps that the plan does not have."""
        course = Course(self.begin, self.until, frozenset(self.only))
        check_course(course, [planned.step.id for planned in plan.steps])
        return course
