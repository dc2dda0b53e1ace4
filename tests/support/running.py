"""Runs a recipe given as text through the real engine, without console and journal."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from recipe_runner.engine.answers import YesOperator
from recipe_runner.engine.approval import Approvals
from recipe_runner.engine.course import WHOLE, Course
from recipe_runner.engine.events import Event, Genesis, Output, Skip, StepEnd
from recipe_runner.engine.history import History
from recipe_runner.engine.operator import Operator
from recipe_runner.engine.plan import plan
from recipe_runner.engine.preconditions.base import World
from recipe_runner.engine.preconditions.evaluation import evaluate_all
from recipe_runner.engine.preconditions.table import kinds
from recipe_runner.engine.session import Place, Session, genesis
from recipe_runner.engine.shell_state import ShellState
from recipe_runner.engine.values import resolve
from recipe_runner.errors import ExitCode
from recipe_runner.language.parse import parse

RUN = f"{os.getpid():032x}"
"""The run's id: no other test's, since a session looks for what an earlier one of the same run has left at work."""


@dataclass(frozen=True)
class Ran:
    """What a session did."""

    code: ExitCode
    events: list[Event]

    def text(self, step: str, stream: str = "stdout") -> str:
        """Return what a step wrote."""
        parts = [e.data for e in self.events if isinstance(e, Output) and (e.step, e.stream) == (step, stream)]
        return b"".join(parts).decode()

    def end(self, step: str, role: str = "run") -> StepEnd:
        """Return the last end of a step."""
        ends = [e for e in self.events if isinstance(e, StepEnd) and (e.step, e.role) == (step, role)]
        return ends[-1]

    def skips(self) -> dict[str, str]:
        """Return the kind of skip of each step that did not run."""
        return {e.step: e.kind for e in self.events if isinstance(e, Skip)}


def run_text(
    text: str,
    *,
    params: Mapping[str, str | Sequence[str]] | None = None,
    operator: Operator | None = None,
    past: Sequence[Event] = (),
    environ: Mapping[str, str] | None = None,
    directory: Path | None = None,
    course: Course = WHOLE,
    roll_back: bool = False,
    approvals: Approvals | None = None,
    withheld: tuple[str, ...] = (),
) -> Ran:
    """Run a recipe; with `past`, only what that past left to do."""
    recipe = parse("test.md", text.encode())
    variables = {**os.environ, **(environ or {})}
    values = resolve(recipe.params, given={}, file=params or {}, environ=variables)
    planned = plan(recipe, values, actions={}, preconditions=kinds())
    first: Genesis = genesis(
        planned, run=RUN, mode="yes", place=Place("me", "here", "", "/"), suppliers={}, commit=None
    )
    where = directory or Path.cwd()
    session = Session(
        planned,
        History.of([first, *past]),
        operator or YesOperator(),
        tuple(evaluate_all(planned.preconditions, World(variables, where, values.texts))),
        ShellState(directory=str(where), withheld=withheld),
        course,
        variables,
        approvals=approvals,
    )
    stream = session.events(roll_back=roll_back)
    events: list[Event] = [first, *past]
    while True:
        try:
            events.append(next(stream))
        except StopIteration as stop:
            return Ran(stop.value, events)
