"""The run itself: a plan becomes a stream of events. Never prints, never prompts; asks an `Operator`.

An event is handed out before what it announces happens, and the consumer (the journal first of all) has dealt with it
by the time the next one is asked for. So an intent is durable before its command starts.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from recipe_runner.engine.attempt import Bench
from recipe_runner.engine.course import WHOLE, Course
from recipe_runner.engine.decisions import LEAVING, Decisions, edited
from recipe_runner.engine.events import Abort, Close, Deviation, Event, Precondition, Skip, SkipKind
from recipe_runner.engine.gate import Gate
from recipe_runner.engine.history import Track
from recipe_runner.engine.operator import Answer, Choice, Question
from recipe_runner.engine.performance import Performance
from recipe_runner.engine.plan import AnyStep, PlannedStep, confirmation
from recipe_runner.engine.preconditions.base import Finding
from recipe_runner.engine.process import Ended
from recipe_runner.errors import Diagnostic, ExitCode, IncompleteError, UnmetError
from recipe_runner.language.model import Block, Manual, Script

Stream = Generator[Event, None, ExitCode | None]
"""Events of a part of the run; the value at its end is an exit code where the session ends there, else None."""

Items = Sequence[str | None]


@dataclass(slots=True)
class Execution:
    """One session of a run."""

    bench: Bench
    decisions: Decisions
    performance: Performance
    gate: Gate
    course: Course = WHOLE
    _back_to: str | None = None

    def run(self, findings: Sequence[Finding]) -> Generator[Event, None, ExitCode]:
        """Run what the course asks for and is left; the value at the end is the exit code of the session.

        Raises UnmetError and IncompleteError, each after an `Abort` that says the same.
        """
        return (yield from self._guarded(self._all(findings)))

    def roll_back(self) -> Generator[Event, None, ExitCode]:
        """Undo the completed steps that can be undone, newest first, and close the run."""
        return (yield from self._guarded(self._undo_all()))

    def _guarded(self, stream: Stream) -> Generator[Event, None, ExitCode]:
        """Fold every event into the history before it is handed out, and turn interrupts into an `Abort`."""
        try:
            while True:
                try:
                    event = next(stream)
                except StopIteration as stop:
                    return ExitCode(stop.value)
                self.bench.history.apply(event)
                yield event
        except KeyboardInterrupt:
            yield Abort(reason=self.decisions.why_interrupted())
            return ExitCode.INTERRUPTED
        except IncompleteError as error:
            yield Abort(reason=str(error))
            raise

    def _all(self, findings: Sequence[Finding]) -> Stream:
        yield from self._preconditions(findings)
        steps = self.bench.plan.steps
        index = 0
        begun = self.course.begin is None
        while index < len(steps):
            planned = steps[index]
            begun = begun or planned.step.id == self.course.begin
            if not begun:
                yield from self._left_out(planned)
            elif not self.course.leaves_out(planned.step.id):
                code = yield from self._step(planned)
                if code is not None:
                    return code
            if self._back_to is not None:
                index = next(i for i, p in enumerate(steps) if p.step.id == self._back_to)
                self._back_to = None
                continue
            if planned.step.id == self.course.until:
                break
            index += 1
        if self.course.partial and not all(self._finished(planned) for planned in steps):
            yield Abort(reason=f"{self.course} is done; the rest is left for another session")
        else:
            yield self._close("done")
        return ExitCode.DONE

    def _preconditions(self, findings: Sequence[Finding]) -> Generator[Event, None, None]:
        unmet: list[Diagnostic] = []
        clean = self.bench.redactor.text
        for precondition, finding in zip(self.bench.plan.preconditions, findings, strict=True):
            text, kind, found = clean(precondition.text()), precondition.kind, finding.detail
            if finding.met:
                yield Precondition(kind=kind, text=text, outcome="met", detail=found)
                continue
            yield Precondition(kind=kind, text=text, outcome="unmet", detail=found)
            question = Question("unmet", "", f"Not met: {text}", ("override", "quit"), detail=f"{text}: {found}")
            answer = yield from self.decisions.ask(question)
            if answer.choice == "override":
                yield Precondition(kind=kind, text=text, outcome="overridden", detail=answer.text)
                yield Deviation(kind="precondition", what=f"precondition overridden: {text}", reason=answer.text)
            else:
                unmet.append(Diagnostic(f"precondition not met: {text}: {found}", hint=finding.hint))
        if unmet:
            yield Abort(reason=f"{len(unmet)} of {len(findings)} preconditions not met")
            raise UnmetError(*unmet)

    def _step(self, planned: PlannedStep) -> Stream:
        step = planned.step
        if not planned.applicable:
            if self._tracks(planned)[0].status != "not-applicable":
                yield Skip(step=step.id, kind="not-applicable", reason=planned.reason)
            return None
        if self._finished(planned):
            return (yield from self._changed(planned))
        self._permitted(step)
        waiting: list[str | None] = []
        for item in planned.items:
            track = self.bench.history.track(step.id, item)
            if track.finished(len(step.verifies)):
                continue
            if track.unsettled():
                settled, code = yield from self._unknown(planned, item)
                if code is not None or self._back_to is not None:
                    return code
                if settled:
                    continue
            waiting.append(item)
        return (yield from self._begin(planned, waiting)) if waiting else None

    def _begin(self, planned: PlannedStep, items: Items) -> Stream:
        """Ask what to do with a step, and do it."""
        step = planned.step
        manual = isinstance(step, Manual)
        choices: list[Choice] = ["done", "skip"] if manual else ["run", "skip", "done"]
        if isinstance(step, Block):
            choices.append("edit")
        question = self._question(
            planned,
            "manual" if manual else "start",
            confirmation(step, self.bench.values(items[0]), self.bench.history.outputs)
            or ("Done?" if manual else "Run this step?"),
            choices,
            items,
        )
        script = step.script if isinstance(step, Block) else None
        while True:
            code = script.text if script else ""
            answer = yield from self.decisions.decide(dataclasses.replace(question, code=code), step)
            match answer.choice:
                case "shell":
                    yield from self.performance.shell(step)
                case "edit" if script is not None:
                    yield edited(step, script.text, answer.text)
                    script = script.model_copy(update={"text": answer.text})
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
            left = [item for item, _ in failed]
            choices: list[Choice] = ["retry", "skip", "done"]
            if step.attributes.optional:
                choices.insert(0, "accept")
            if self.bench.plan.undoable(self.bench.history.order):
                choices.append("undo")
            question = self._question(planned, "failed", _words(step, failed), choices, left)
            while (answer := (yield from self.decisions.decide(question, step))).choice == "shell":
                yield from self.performance.shell(step)
            if answer.choice == "retry":
                continue
            code = yield from self._settle(planned, left, answer)
            failed_by_itself = code is ExitCode.INCOMPLETE and answer.automatic
            return ExitCode.FAILED if failed_by_itself else code

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
            case "back":
                yield Deviation(kind="back", what=f"back to step `{answer.text}`", reason="", step=answer.text)
                self._back_to = answer.text
            case "undo":
                return (yield from self._undo_all())
            case "abort":
                yield Abort(reason=answer.text or "given up by the operator", final=True)
                yield self._close("abandoned")
                return ExitCode.FAILED
            case _:
                yield Abort(reason=answer.text or "left by the operator, to be resumed")
                return ExitCode.INTERRUPTED if self.decisions.interrupted else ExitCode.INCOMPLETE
        return None

    def _unknown(self, planned: PlannedStep, item: str | None) -> Generator[Event, None, tuple[bool, ExitCode | None]]:
        """Find out about a step that began and whose end nobody saw; says whether it is settled now."""
        step = planned.step
        if (yield from self._done_already(step, item)):
            return True, None
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
            return True, (yield from self._perform(planned, [item]))
        return True, (yield from self._settle(planned, [item], answer))

    def _done_already(self, step: AnyStep, item: str | None) -> Generator[Event, None, bool]:
        """Ask a step's verify scripts whether it did its work, and record it where they say so."""
        if not step.verifies or not (yield from self.performance.verify(step, item)):
            return False
        yield Skip(step=step.id, kind="already-done", reason="its verify scripts succeed", item=item)
        return True

    def _changed(self, planned: PlannedStep) -> Stream:
        """Ask what to do with a finished step whose text is not what it was when it ran."""
        step = planned.step
        if not {track.digest for track in self._tracks(planned)} - {"", step.digest}:
            return None
        text = f"`{step.id}` is done, but its text has changed since."
        choices: tuple[Choice, ...] = ("done", "quit") if isinstance(step, Manual) else ("done", "run", "quit")
        typed = step.id if step.attributes.irreversible else None
        answer = yield from self.decisions.decide(Question("changed", step.id, text, choices, typed), step)
        match answer.choice:
            case "run":
                return (yield from self._perform(planned, planned.items))
            case "done":
                what = f"step `{step.id}` kept as done though its text changed"
                yield Deviation(kind="kept", what=what, reason=answer.text, step=step.id, digest=step.digest)
                return None
            case _:
                return (yield from self._settle(planned, planned.items, answer))

    def _undo_all(self) -> Stream:
        """Undo what was done and can be undone, newest first."""
        if not self.bench.history.rolling_back:
            yield Deviation(kind="rolled-back", what="the roll-back begins", reason="asked for by the operator")
        failed = False
        known = {planned.step.id for planned in self.bench.plan.steps}
        for gone in dict.fromkeys(step_id for step_id, _ in self.bench.history.order if step_id not in known):
            what = f"step `{gone}` not undone"
            yield Deviation(kind="left-out", what=what, reason="it is no longer in the recipe", step=gone)
        for step, item in self.bench.plan.undoable(self.bench.history.order):
            self._permitted(step)
            step_id = step.id
            question = Question("undo", step_id, f"Undo `{step_id}`?", ("run", "skip", "quit"), detail=item or "")
            while (answer := (yield from self.decisions.decide(question, step))).choice == "run":
                if (yield from self.performance.undo(step, item)):
                    break
                failed = True
                question = Question(
                    "failed", step_id, f"Undoing `{step_id}` failed.", ("retry", "skip", "quit"), detail=item or ""
                )
                answer = yield from self.decisions.decide(question, step)
                if answer.choice != "retry":
                    break
                failed = False
                question = Question("undo", step_id, f"Undo `{step_id}` again?", ("run", "skip", "quit"))
            if answer.choice == "quit":
                yield Abort(reason=answer.text or "left in the middle of the roll-back, to be resumed")
                return ExitCode.FAILED if failed else ExitCode.INCOMPLETE
        yield self._close("abandoned")
        return ExitCode.FAILED if failed else ExitCode.DONE

    def _permitted(self, step: AnyStep) -> None:
        """Raise IncompleteError for a step of a role in which the operator does not act."""
        role = step.attributes.role
        if role is not None and role not in self.bench.history.acting:
            raise IncompleteError.because(
                f"step `{step.id}` is for the role `{role}`, in which nobody acts here",
                hint=f"let somebody who has the role go on with `--role {role}`",
            )

    def _left_out(self, planned: PlannedStep) -> Iterator[Event]:
        if self._finished(planned):
            return
        step, reason = planned.step, str(self.course)
        yield Deviation(kind="left-out", what=f"step `{step.id}` left out", reason=reason, step=step.id)
        for item in planned.items:
            yield Skip(step=step.id, kind="skipped", reason=reason, item=item)

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
        return Question(
            moment,
            step.id,
            text,
            (*choices, *(("back",) if any(p.applicable for p in steps) else ()), *LEAVING),
            typed=step.id if step.attributes.irreversible and moment != "failed" else None,
            detail=", ".join(item for item in items if item is not None),
            earlier=lambda: [p.step.id for p in steps if p.applicable],
            variables=lambda: self.bench.variables(items[0]),
        )

    def _tracks(self, planned: PlannedStep) -> list[Track]:
        return [self.bench.history.track(planned.step.id, item) for item in planned.items]

    def _finished(self, planned: PlannedStep) -> bool:
        if not planned.applicable:
            return self._tracks(planned)[0].status == "not-applicable"
        return all(track.finished(len(planned.step.verifies)) for track in self._tracks(planned))

    def _close(self, outcome: Literal["done", "abandoned"]) -> Close:
        steps = self.bench.plan.steps
        done = sum(all(track.status == "done" for track in self._tracks(planned)) for planned in steps)
        return Close(outcome=outcome, done=done, skipped=len(steps) - done, total=len(steps))


def _words(step: AnyStep, failed: Sequence[tuple[str | None, Ended | None]]) -> str:
    """Say in words what failed."""
    if len(failed) == 1 and failed[0][0] is None and failed[0][1] is not None:
        return f"`{step.id}` {failed[0][1].words()}."
    parts = [f"{item} {end.words() if end else 'was not started'}" for item, end in failed]
    return f"`{step.id}`: {'; '.join(parts)}."
