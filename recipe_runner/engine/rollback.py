"""Undoing what a run has done: the undo scripts of its completed steps, newest first, each confirmed."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass

from recipe_runner.engine.decisions import Decisions
from recipe_runner.engine.events import Abort, Deviation, Event
from recipe_runner.engine.operator import Question
from recipe_runner.engine.performance import Performance
from recipe_runner.engine.progress import Progress
from recipe_runner.errors import ExitCode

LEFT = "left in the middle of the roll-back, to be resumed"


@dataclass(frozen=True, slots=True)
class RollBack:
    """The way back to where nothing has been done."""

    progress: Progress
    decisions: Decisions
    performance: Performance

    def run(self, reason: str = "") -> Generator[Event, None, ExitCode]:
        """Undo the completed steps that can be undone and close the run; the value is the exit code.

        Raises IncompleteError for a step that is for others to run.
        """
        plan, history = self.progress.plan, self.progress.history
        if not history.rolling_back:
            why = reason or "asked for by the operator"
            yield Deviation(kind="rolled-back", what="the roll-back begins", reason=why)
        failed: set[tuple[str, str | None]] = set()
        known = {planned.step.id for planned in plan.steps}
        for gone in dict.fromkeys(step_id for step_id, _ in history.order if step_id not in known):
            what = f"step `{gone}` not undone"
            yield Deviation(kind="left-out", what=what, reason="it is no longer in the recipe", step=gone)
        for step, item in plan.undoable(history.order):
            self.progress.permit(step)
            step_id = step.id
            question = Question("undo", step_id, f"Undo `{step_id}`?", ("run", "skip", "quit"), detail=item or "")
            while (answer := (yield from self.decisions.decide(question, step))).choice == "run":
                if (yield from self.performance.undo(step, item)):
                    failed.discard((step_id, item))
                    break
                failed.add((step_id, item))
                question = Question(
                    "failed", step_id, f"Undoing `{step_id}` failed.", ("retry", "skip", "quit"), detail=item or ""
                )
                answer = yield from self.decisions.decide(question, step)
                if answer.choice != "retry":
                    break
                question = Question(
                    "undo", step_id, f"Undo `{step_id}` again?", ("run", "skip", "quit"), detail=item or ""
                )
            if answer.choice == "quit":
                yield Abort(reason=answer.text or LEFT)
                return ExitCode.FAILED if failed else ExitCode.INCOMPLETE
        yield self.progress.close("abandoned")
        return ExitCode.FAILED if failed else ExitCode.DONE
