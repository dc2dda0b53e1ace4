"""The run itself: a plan becomes a stream of events. Never prints, never prompts; asks an `Operator`.

An event is handed out before what it announces happens, and the consumer (the journal first of all) has dealt with it
by the time the next one is asked for. So an intent is durable before its command starts.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence

from recipe_runner.engine.attempt import Bench
from recipe_runner.engine.course import WHOLE, Course
from recipe_runner.engine.decisions import Decisions
from recipe_runner.engine.events import Abort, Deviation, Event, Precondition, Skip
from recipe_runner.engine.gate import Gate
from recipe_runner.engine.leftovers import Leftovers
from recipe_runner.engine.operator import Question
from recipe_runner.engine.performance import Performance
from recipe_runner.engine.plan import PlannedStep
from recipe_runner.engine.preconditions.world import Finding
from recipe_runner.engine.progress import Progress
from recipe_runner.engine.rollback import RollBack
from recipe_runner.engine.turn import Back, Turn
from recipe_runner.errors import Diagnostic, ExitCode, IncompleteError, UnmetError

Events = Generator[Event, None, ExitCode]
"""All up to the end of a session; the value at its end is the exit code."""


class Execution:
    """One session of a run."""

    def __init__(
        self,
        bench: Bench,
        decisions: Decisions,
        performance: Performance,
        gate: Gate,
        leftovers: Leftovers,
        course: Course = WHOLE,
    ) -> None:
        self._bench = bench
        self._decisions = decisions
        self._course = course
        self._leftovers = leftovers
        self._progress = Progress(bench.plan, bench.history)
        self._rollback = RollBack(self._progress, decisions, performance)
        self._turn = Turn(bench, self._progress, decisions, performance, gate, self._rollback)

    def run(self, findings: Sequence[Finding]) -> Events:
        """Run what the course asks for and is left; the value at the end is the exit code of the session.

        Raises UnmetError and IncompleteError, each after an `Abort` that says the same.
        """
        return (yield from self._guarded(self._all(findings)))

    def roll_back(self) -> Events:
        """Undo the completed steps that can be undone, newest first, and close the run."""
        return (yield from self._guarded(self._alone(self._rollback.run())))

    def _guarded(self, stream: Events) -> Events:
        """Fold every event into the history before it is handed out, and turn interrupts into an `Abort`."""
        try:
            while True:
                try:
                    event = next(stream)
                except StopIteration as stop:
                    return ExitCode(stop.value)
                self._bench.history.apply(event)
                yield event
        except KeyboardInterrupt:
            yield Abort(reason=self._decisions.why_interrupted())
            return ExitCode.INTERRUPTED
        except IncompleteError as error:
            yield Abort(reason=str(error))
            raise

    def _alone(self, stream: Events) -> Events:
        """Begin only when nothing is at work any more that a session before this one has left."""
        if (leaving := (yield from self._leftovers.clear())) is not None:
            yield Abort(reason=leaving.text or "left by the operator, to be resumed")
            return ExitCode.INCOMPLETE
        return (yield from stream)

    def _all(self, findings: Sequence[Finding]) -> Events:
        yield from self._preconditions(findings)
        return (yield from self._alone(self._steps()))

    def _steps(self) -> Events:
        steps = self._bench.plan.steps
        numbers = {planned.step.id: index for index, planned in enumerate(steps)}
        index = 0
        wanted = ""
        begun = self._course.begin is None
        while index < len(steps):
            planned = steps[index]
            begun = begun or planned.step.id == self._course.begin
            if not begun:
                yield from self._left_out(planned)
            elif planned.step.id == wanted or not self._course.leaves_out(planned.step.id):
                following = yield from self._turn.take(planned)
                if isinstance(following, Back):
                    wanted = following.step
                    index = numbers[wanted]
                    continue
                if following is not None:
                    return following
            if planned.step.id == self._course.until:
                break
            index += 1
        if self._course.partial and not all(self._progress.finished(planned) for planned in steps):
            yield Abort(reason=f"{self._course} is done; the rest is left for another session")
        else:
            yield self._progress.close("done")
        return (
            ExitCode.FAILED if any(track.given_up for track in self._bench.history.tracks.values()) else ExitCode.DONE
        )

    def _preconditions(self, findings: Sequence[Finding]) -> Iterator[Event]:
        unmet: list[Diagnostic] = []
        clean = self._bench.redactor.text
        for precondition, finding in zip(self._bench.plan.preconditions, findings, strict=True):
            text, kind, found = clean(precondition.text()), precondition.kind, finding.detail
            if finding.met:
                yield Precondition(kind=kind, text=text, outcome="met", detail=found)
                continue
            yield Precondition(kind=kind, text=text, outcome="unmet", detail=found)
            question = Question("unmet", "", f"Not met: {text}", ("override", "quit"), detail=f"{text}: {found}")
            answer = yield from self._decisions.ask(question)
            if answer.choice == "override":
                yield Precondition(kind=kind, text=text, outcome="overridden", detail=answer.text)
                yield Deviation(kind="precondition", what=f"precondition overridden: {text}", reason=answer.text)
            else:
                unmet.append(Diagnostic(f"precondition not met: {text}: {found}", hint=finding.hint))
        if unmet:
            yield Abort(reason=f"{len(unmet)} of {len(findings)} preconditions not met")
            raise UnmetError(*unmet)

    def _left_out(self, planned: PlannedStep) -> Iterator[Event]:
        if self._progress.finished(planned):
            return
        step, reason = planned.step, str(self._course)
        yield Deviation(kind="left-out", what=f"step `{step.id}` left out", reason=reason, step=step.id)
        for item in planned.items:
            yield Skip(step=step.id, kind="skipped", reason=reason, item=item)
