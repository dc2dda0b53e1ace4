"""How far a run has come: its plan beside what has happened so far."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from recipe_runner.engine.events import Close
from recipe_runner.engine.history import History, Track
from recipe_runner.engine.plan import AnyStep, Plan, PlannedStep
from recipe_runner.errors import IncompleteError


@dataclass(frozen=True, slots=True)
class Progress:
    """A plan and the history that grows beside it."""

    plan: Plan
    history: History

    def tracks(self, planned: PlannedStep) -> list[Track]:
        """Return what happened to a step, for each of its items."""
        return [self.history.track(planned.step.id, item) for item in planned.items]

    def finished(self, planned: PlannedStep) -> bool:
        """Say whether nothing is left to do for a step."""
        if not planned.applicable:
            return self.tracks(planned)[0].status == "not-applicable"
        return self.history.finished(planned.step.id, planned.items, len(planned.step.verifies))

    def changed(self, planned: PlannedStep) -> bool:
        """Say whether a step's text is not what it was when it ran."""
        return bool({track.digest for track in self.tracks(planned)} - {"", planned.step.digest})

    def permit(self, step: AnyStep) -> None:
        """Raise IncompleteError for a step of a role in which the operator does not act."""
        role = step.attributes.role
        if role is not None and role not in self.history.acting:
            raise IncompleteError.because(
                f"step `{step.id}` is for the role `{role}`, in which nobody acts here",
                hint=f"let somebody who has the role go on with `--role {role}`",
            )

    def close(self, outcome: Literal["done", "abandoned"]) -> Close:
        """Make the event that ends the run as it stands."""
        done = sum(all(track.status == "done" for track in self.tracks(planned)) for planned in self.plan.steps)
        total = len(self.plan.steps)
        return Close(outcome=outcome, done=done, skipped=total - done, total=total)
