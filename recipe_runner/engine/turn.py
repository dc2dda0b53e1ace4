"""A step's turn: what the operator wants done with it, carried out until nothing of it is left to decide."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from recipe_runner.engine.attempt import Bench
from recipe_runner.engine.decisions import LEAVING, Decisions
from recipe_runner.engine.events import Abort, Deviation, Event, Skip, SkipKind
from recipe_runner.engine.gate import Gate
from recipe_runner.engine.operator import Answer, Choice, Question
from recipe_runner.engine.performance import Performance
from recipe_runner.engine.plan import AnyStep, PlannedStep, shown
from recipe_runner.engine.processes.process import Ended
from recipe_runner.engine.progress import Progress
from recipe_runner.engine.rollback import RollBack
from recipe_runner.errors import ExitCode
from recipe_runner.language.model import Block, Manual, Script


class Back(Struct, frozen=True):
    """The operator goes back to the turn of an earlier step."""

    step: str


Stream = Generator[Event, None, ExitCode | Back | None]
"""Events of a part of the run; the value at its end: the session ends, an earlier step comes again, or None."""

Items = Sequence[str | None]


@dataclass(frozen=True, slots=True)
class Turn:
    """Takes the steps of one session, whichever comes next."""

    bench: Bench
    progress: Progress
    decisions: Decisions
    performance: Performance
    gate: Gate
    rollback: RollBack

    def take(self, planned: PlannedStep) -> Stream:
        """Do what is left of a step; raises IncompleteError where it is for others to run."""
        step = planned.step
        if not planned.applicable:
            if not self.progress.finished(planned):
                yield Skip(step=step.id, kind="not-applicable", reason=planned.reason)
            return None
        if self.progress.finished(planned):
            return (yield from self._changed(planned))
        self.progress.permit(step)
        waiting: list[str | None] = []
        for item in planned.items:
            track = self.bench.history.track(step.id, item)
            if track.finished(len(step.verifies)):
                continue
            if not track.unsettled():
                waiting.append(item)
            elif (following := (yield from self._unknown(planned, item))) is not None:
                return following
        return (yield from self._begin(planned, waiting)) if waiting else None

    def _begin(self, planned: PlannedStep, items: Items, changed: Script | None = None) -> Stream:
        """Ask what to do with a step, of which the code may have been `changed`, and do it."""
        step = planned.step
        manual = isinstance(step, Manual)
        choices: list[Choice] = ["done", "skip"] if manual else ["run", "skip", "done"]
        if isinstance(step, Block):
            choices.append("edit")
        question = self._question(
            planned,
            "manual" if manual else "start",
            shown(step.attributes.confirm, self.bench.values(items[0]), self.bench.history.outputs)
            or ("Done?" if manual else "Run this step?"),
            choices,
            items,
        )
        script = changed or _script(step)
        while True:
            code = script.text if script else ""
            answer = yield from self.decisions.decide(replace(question, code=code), step)
            match answer.choice:
                case "shell":
                    yield from self.performance.shell(step)
                case "edit" if script is not None:
                    yield self.decisions.edited(step, script.text, answer.text)
                    script = replace(script, text=answer.text)
                case "run":
                    return (yield from self._perform(planned, items, script))
                case _:
                    return (yield from self._settle(planned, items, answer))

    def _perform(self, planned: PlannedStep, items: Items, script: Script | None = None) -> Stream:
        """Run a step until it is done or the operator has decided otherwise."""
        step = planned.step
        left = list(items)
        while True:
            if (instead := (yield from self.gate.passing(step, left, script))) is not None:
                return (yield from self._settle(planned, left, instead))
            ends = yield from self.performance.attempt(step, left, script)
            failed = [(item, end) for item, end in zip(left, ends, strict=True) if end is None or end.outcome != "ok"]
            for item, end in list(failed):
                if end is not None and end.outcome == "lost" and (yield from self._done_already(step, item)):
                    failed.remove((item, end))
            if not failed:
                return None
            self.decisions.forgive()
            left = [item for item, _ in failed]
            choices: list[Choice] = ["retry", "skip", "done"]
            if step.attributes.optional:
                choices.insert(0, "accept")
            code = script or _script(step)
            if code is not None:
                choices.append("edit")
            question = self._question(planned, "failed", _words(step, failed), choices, left)
            question = replace(question, code=code.text if code else "", detail="")
            while (answer := (yield from self.decisions.decide(question, step))).choice == "shell":
                yield from self.performance.shell(step)
            if answer.choice == "retry":
                continue
            if answer.choice == "edit" and code is not None:
                yield self.decisions.edited(step, code.text, answer.text)
                return (yield from self._begin(planned, left, replace(code, text=answer.text)))
            following = yield from self._settle(planned, left, answer)
            failed_by_itself = following is ExitCode.INCOMPLETE and answer.automatic
            return ExitCode.FAILED if failed_by_itself else following

    def _settle(self, planned: PlannedStep, items: Items, answer: Answer) -> Stream:
        """Carry out a decision that ends the step or the session without running anything."""
        step = planned.step
        kinds: dict[Choice, SkipKind] = {"skip": "skipped", "done": "done", "accept": "accepted"}
        untouched = [item for item in items if not self.bench.history.track(step.id, item).attempts]
        if answer.choice == "done" and untouched:
            instead = yield from self.gate.passing(step, untouched, None)
            if instead is not None:
                return (yield from self._settle(planned, items, instead))
        match answer.choice:
            case "skip" | "done" | "accept":
                kind = kinds[answer.choice]
                if kind == "skipped" or kind == "accepted":  # noqa: PLR1714 - narrows the type
                    yield Deviation(kind=kind, what=f"step `{step.id}` {kind}", reason=answer.text, step=step.id)
                for item in items:
                    yield Skip(step=step.id, kind=kind, reason=answer.text, item=item)
                return None
            case "back":
                yield Deviation(kind="back", what=f"back to step `{answer.text}`", reason="", step=answer.text)
                return Back(answer.text)
            case "undo":
                following = yield from self.rollback.run(answer.text)
                return ExitCode.FAILED if following is ExitCode.DONE else following
            case "abort":
                yield Abort(reason=answer.text or "given up by the operator", final=True)
                yield self.progress.close("abandoned")
                return ExitCode.FAILED
            case _:
                yield Abort(reason=answer.text or "left by the operator, to be resumed")
                return ExitCode.INTERRUPTED if self.decisions.interrupted else ExitCode.INCOMPLETE

    def _unknown(self, planned: PlannedStep, item: str | None) -> Stream:
        """Settle a step that began and whose end nobody saw."""
        step = planned.step
        if (yield from self._done_already(step, item)):
            return None
        question = self._question(
            planned,
            "unknown",
            f"`{step.id}` was begun, and nobody saw its end. Whether it did its work is unknown.",
            ["done", "skip"] if isinstance(step, Manual) else ["run", "done", "skip"],
            [item],
        )
        while (answer := (yield from self.decisions.decide(question, step))).choice == "shell":
            yield from self.performance.shell(step)
        if answer.choice == "run":
            return (yield from self._perform(planned, [item]))
        return (yield from self._settle(planned, [item], answer))

    def _done_already(self, step: AnyStep, item: str | None) -> Generator[Event, None, bool]:
        """Ask a step's verify scripts whether it did its work, and record it where they say so."""
        if not step.verifies or not (yield from self.performance.verify(step, item)):
            return False
        yield Skip(step=step.id, kind="already-done", reason="its verify scripts succeed", item=item)
        return True

    def _changed(self, planned: PlannedStep) -> Stream:
        """Ask what to do with a finished step whose text is not what it was when it ran."""
        if not self.progress.changed(planned):
            return None
        step = planned.step
        text = f"`{step.id}` is done, but its text has changed since."
        choices: tuple[Choice, ...] = ("done", "quit") if isinstance(step, Manual) else ("done", "run", "quit")
        typed = step.id if step.attributes.irreversible else None
        answer = yield from self.decisions.decide(Question("changed", step.id, text, choices, typed), step)
        match answer.choice:
            case "run":
                self.progress.permit(step)
                return (yield from self._perform(planned, planned.items))
            case "done":
                what = f"step `{step.id}` kept as done though its text changed"
                yield Deviation(kind="kept", what=what, reason=answer.text, step=step.id, digest=step.digest)
                return None
            case _:
                return (yield from self._settle(planned, planned.items, answer))

    def _question(
        self,
        planned: PlannedStep,
        moment: Literal["start", "manual", "failed", "unknown"],
        text: str,
        choices: Sequence[Choice],
        items: Items,
    ) -> Question:
        step = planned.step
        steps = self.bench.plan.steps[: planned.number - 1]
        returning: list[Choice] = ["back"] if any(p.applicable for p in steps) else []
        if self.bench.plan.undoable(self.bench.history.order):
            returning.append("undo")
        return Question(
            moment,
            step.id,
            text,
            (*choices, *returning, *LEAVING),
            typed=step.id if step.attributes.irreversible and moment != "failed" else None,
            detail=", ".join(item for item in items if item is not None),
            earlier=lambda: [p.step.id for p in steps if p.applicable],
            variables=lambda: self.bench.variables(items[0]),
        )


def _script(step: AnyStep) -> Script | None:
    """Return what can be edited of a step."""
    return step.script if isinstance(step, Block) else None


def _words(step: AnyStep, failed: Sequence[tuple[str | None, Ended | None]]) -> str:
    """Say in words what failed."""
    if len(failed) == 1 and failed[0][0] is None and failed[0][1] is not None:
        return f"`{step.id}` {failed[0][1].words()}."
    parts = [f"{item} {end.words() if end else 'was not started'}" for item, end in failed]
    return f"`{step.id}`: {'; '.join(parts)}."
