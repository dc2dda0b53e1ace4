"""Which part of a plan a session is to run."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from recipe_runner.errors import Diagnostic, UsageError
from recipe_runner.language.suggestions import suggest


class Course(Struct, frozen=True):
    """Steps by id: begin at one, end behind one, or run only these."""

    begin: str | None = None
    until: str | None = None
    only: frozenset[str] = frozenset()

    def leaves_out(self, step_id: str) -> bool:
        """Say whether a step is passed over without a word, to be run in another session."""
        return bool(self.only) and step_id not in self.only

    @property
    def partial(self) -> bool:
        """Say whether steps may be left when the course is done."""
        return self.until is not None or bool(self.only)

    def __str__(self) -> str:
        """Name the course as the command line does."""
        parts = [f"--from {self.begin}"] if self.begin else []
        parts += [f"--until {self.until}"] if self.until else []
        return " ".join([*parts, *(f"--only {step}" for step in sorted(self.only))])


WHOLE = Course()
"""Everything that is left."""


def check_course(course: Course, steps: Sequence[str]) -> None:
    """Raise UsageError for every name that is no step, for an end before the beginning, and for steps outside both."""
    named = [step for step in (course.begin, course.until, *sorted(course.only)) if step is not None]
    faults = [
        Diagnostic(f"the recipe has no step `{step}`", hint=suggest(step, steps, what="step"))
        for step in named
        if step not in steps
    ]
    if not faults and course.begin and course.until and steps.index(course.until) < steps.index(course.begin):
        faults.append(
            Diagnostic(f"step `{course.until}` comes before `{course.begin}`", hint="exchange --from and --until")
        )
    if not faults and course.only:
        first = steps.index(course.begin) if course.begin else 0
        last = steps.index(course.until) if course.until else len(steps) - 1
        faults += [
            Diagnostic(
                f"step `{step}` is not between --from and --until", hint="leave these out, or choose a step there"
            )
            for step in sorted(course.only)
            if not first <= steps.index(step) <= last
        ]
    if faults:
        raise UsageError(*faults)
