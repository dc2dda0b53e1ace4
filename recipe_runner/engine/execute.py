"""The run itself: a plan becomes a stream of events. Never prints, never prompts; asks an `Operator`.

An event is handed out before what it announces happens, and the consumer (the journal first of all) has dealt with it
by the time the next one is asked for. So an intent is durable before its command starts.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Literal

from recipe_runner.engine.attempt import ENDED_BADLY, Bench
from recipe_runner.engine.events import Abort, Close, Confirm, Deviation, Event, Precondition, Skip, SkipKind
from recipe_runner.engine.interrupts import Interrupts
from recipe_runner.engine.operator import Answer, Choice, Operator, Question
from recipe_runner.engine.plan import AnyStep, Plan, PlannedStep, confirmation
from recipe_runner.engine.preconditions.base import Finding
from recipe_runner.engine.process import Ended
from recipe_runner.engine.schedule import Coroutine, Pause, Scheduler
from recipe_runner.errors import Diagnostic, ExitCode, IncompleteError, UnmetError
from recipe_runner.language.model import ActionStep, Block, Manual

Stream = Generator[Event, None, ExitCode | None]
"""Events of a part of the run; the value at its end is an exit code where the session ends there, else None."""

AUTOMATIC = "--yes"
LEAVING: tuple[Choice, ...] = ("shell", "quit", "abort")


@dataclass(slots=True)
class Execution:
    """One session of a run."""

    bench: Bench
    operator: Operator
    scheduler: Scheduler
    interrupts: Interrupts

    @property
    def _plan(self) -> Plan:
        return self.bench.plan

    def run(self, findings: Sequence[Finding]) -> Generator[Event, None, ExitCode]:
        """Run everything that is left; the value at the end is the exit code of the session.

        Raises UnmetError and IncompleteError, each after an `Abort` that says the same.
        """
        events = self._all(findings)
        while True:
            try:
                event = next(events)
            except StopIteration as stop:
                return ExitCode(stop.value)
            self.bench.history.apply(event)
            yield event

    def _all(self, findings: Sequence[Finding]) -> Generator[Event, None, ExitCode]:
        try:
            code = yield from self._preconditions(findings)
            for planned in self._plan.steps:
                if code is not None:
                    break
                code = yield from self._step(planned)
        except KeyboardInterrupt:
            yield Abort(reason="interrupted by the operator")
            return ExitCode.INTERRUPTED
        except IncompleteError as error:
            yield Abort(reason=str(error))
            raise
        if code is not None:
            return code
        yield self._close("done")
        return ExitCode.DONE

    def _close(self, outcome: Literal["done", "abandoned"]) -> Close:
        statuses = [self._status(planned) for planned in self._plan.steps]
        return Close(
            outcome=outcome,
            done=statuses.count("done"),
            skipped=len(statuses) - statuses.count("done"),
            total=len(statuses),
        )

    def _status(self, planned: PlannedStep) -> str:
        statuses = {self.bench.history.track(planned.step.id, item).status for item in planned.items}
        return statuses.pop() if len(statuses) == 1 else "waiting"

    def _preconditions(self, findings: Sequence[Finding]) -> Stream:
        unmet: list[Diagnostic] = []
        clean = self.bench.redactor.text
        for precondition, finding in zip(self._plan.preconditions, findings, strict=True):
            text, kind = clean(precondition.text()), precondition.kind
            if finding.met:
                yield Precondition(kind=kind, text=text, outcome="met", detail=clean(finding.detail))
                continue
            yield Precondition(kind=kind, text=text, outcome="unmet", detail=clean(finding.detail))
            detail = clean(f"{text}: {finding.detail}")
            answer = self._ask(Question("unmet", "", f"Not met: {text}", ("override", "quit"), detail=detail))
            if answer.choice == "override":
                yield Precondition(kind=kind, text=text, outcome="overridden", detail=answer.text)
                yield Deviation(what=f"precondition overridden: {text}", reason=answer.text)
            else:
                unmet.append(Diagnostic(f"precondition not met: {detail}", hint=clean(finding.hint or "") or None))
        if unmet:
            yield Abort(reason=f"{len(unmet)} of {len(findings)} preconditions not met")
            raise UnmetError(*unmet)
        return None

    def _step(self, planned: PlannedStep) -> Stream:
        step = planned.step
        history = self.bench.history
        if not planned.applicable:
            if self._status(planned) != "not-applicable":
                yield Skip(step=step.id, kind="not-applicable", reason=planned.reason)
            return None
        if history.finished(step.id, planned.items, len(step.verifies)):
            return (yield from self._changed(planned))
        for item in planned.items:
            if not history.track(step.id, item).finished(len(step.verifies)):
                code = yield from self._item(planned, item)
                if code is not None:
                    return code
        return None

    def _changed(self, planned: PlannedStep) -> Stream:
        """Ask what to do with a finished step whose text is not what it was when it ran."""
        step = planned.step
        digests = {self.bench.history.track(step.id, item).digest for item in planned.items} - {"", step.digest}
        if not digests:
            return None
        question = Question(
            "changed", step.id, f"`{step.id}` is done, but its text has changed since.", ("done", "run", "quit")
        )
        answer = yield from self._decide(question, step)
        if answer.choice == "quit":
            return (yield from self._leave(answer))
        if answer.choice == "run":
            for item in planned.items:
                code = yield from self._perform(planned, item)
                if code is not None:
                    return code
            return None
        for item in planned.items:
            self.bench.history.track(step.id, item).digest = step.digest
        yield Deviation(what=f"step `{step.id}` kept as done though its text changed", reason=answer.text, step=step.id)
        return None

    def _item(self, planned: PlannedStep, item: str | None) -> Stream:
        """Take one step (or one of its sub-runs) from wherever it is to its end."""
        step = planned.step
        if self.bench.history.track(step.id, item).unsettled():
            settled, code = yield from self._unknown(planned, item)
            if settled or code is not None:
                return code
        manual = isinstance(step, Manual)
        choices: tuple[Choice, ...] = ("done", "skip", *LEAVING) if manual else ("run", "skip", "done", *LEAVING)
        question = Question(
            "manual" if manual else "start",
            step.id,
            confirmation(step, self.bench.values(item)) or ("Done?" if manual else "Run this step?"),
            choices,
            typed=step.id if step.attributes.irreversible else None,
            detail=item or "",
        )
        while True:
            answer = yield from self._decide(question, step, item)
            if answer.choice == "shell":
                yield from self.scheduler.run(self.bench.shell(step))
                continue
            if answer.choice == "run":
                return (yield from self._perform(planned, item))
            return (yield from self._settle(step, item, answer))

    def _settle(self, step: AnyStep, item: str | None, answer: Answer) -> Stream:
        """Carry out a decision that ends the step or the session without running anything."""
        kinds: dict[Choice, SkipKind] = {"skip": "skipped", "done": "done", "accept": "accepted"}
        kind = kinds.get(answer.choice)
        if kind is None:
            return (yield from self._leave(answer))
        if kind != "done":
            yield Deviation(what=f"step `{step.id}` {kind}", reason=answer.text, step=step.id)
        yield Skip(step=step.id, kind=kind, reason=answer.text, item=item)
        return None

    def _leave(self, answer: Answer) -> Stream:
        if answer.choice == "abort":
            yield Abort(reason=answer.text or "given up by the operator", final=True)
            yield self._close("abandoned")
            return ExitCode.FAILED
        yield Abort(reason=answer.text or "left by the operator, to be resumed")
        return ExitCode.INTERRUPTED if self.interrupts.seen else ExitCode.INCOMPLETE

    def _unknown(self, planned: PlannedStep, item: str | None) -> Generator[Event, None, tuple[bool, ExitCode | None]]:
        """Find out about a step that began and whose end nobody saw; says whether it is settled now."""
        step = planned.step
        if step.verifies:
            ended = yield from self.scheduler.run(self._scripts(step, "verify", item))
            if ended.outcome == "ok":
                yield Skip(step=step.id, kind="already-done", reason="its verify scripts succeed", item=item)
                return True, None
        question = Question(
            "unknown",
            step.id,
            f"`{step.id}` was running when the last session ended. Whether it did its work is unknown.",
            ("run", "done", "skip", *LEAVING),
            typed=step.id if step.attributes.irreversible else None,
        )
        while True:
            answer = yield from self._decide(question, step, item)
            if answer.choice == "shell":
                yield from self.scheduler.run(self.bench.shell(step))
                continue
            if answer.choice == "run":
                return True, (yield from self._perform(planned, item))
            return True, (yield from self._settle(step, item, answer))

    def _perform(self, planned: PlannedStep, item: str | None) -> Stream:
        """Run a step until it is done or the operator has decided otherwise."""
        step = planned.step
        choices: tuple[Choice, ...] = ("retry", "skip", "done", *LEAVING)
        if step.attributes.optional:
            choices = ("accept", *choices)
        while True:
            ended = yield from self.scheduler.run(self._attempts(step, item))
            if ended.outcome == "ok":
                return None
            text = f"`{step.id}` {ended.words()}."
            while True:
                answer = yield from self._decide(Question("failed", step.id, text, choices), step, item)
                if answer.choice != "shell":
                    break
                yield from self.scheduler.run(self.bench.shell(step))
            if answer.choice == "retry":
                continue
            code = yield from self._settle(step, item, answer)
            failed = code is ExitCode.INCOMPLETE and answer.by == AUTOMATIC
            return ExitCode.FAILED if failed else code

    def _attempts(self, step: AnyStep, item: str | None) -> Coroutine[Ended]:
        """Attempt a step as often as its `retries=` allow, or until its `wait=` is over."""
        attributes = step.attributes
        until = time.monotonic() + attributes.wait.total_seconds() if attributes.wait else 0.0
        left = attributes.retries
        while True:
            ended = yield from self._attempt(step, item)
            if ended.outcome == "ok" or self.interrupts.seen:
                return ended
            if time.monotonic() < until:
                yield Pause(attributes.every.total_seconds(), step.id, "not yet; looking again", item)
            elif left > 0:
                left -= 1
                yield Pause(attributes.retry_delay.total_seconds(), step.id, "trying again", item)
            else:
                return ended

    def _attempt(self, step: AnyStep, item: str | None) -> Coroutine[Ended]:
        ended = yield from self._scripts(step, "check", item)
        if ended.outcome != "ok":
            return ended
        match step:
            case Block():
                ended = yield from self.bench.script(step, step.script, "run", item)
            case ActionStep():
                ended = yield from self.bench.action(step, item)
            case _:
                return ENDED_BADLY
        return ended if ended.outcome != "ok" else (yield from self._scripts(step, "verify", item))

    def _scripts(self, step: AnyStep, role: Literal["check", "verify"], item: str | None) -> Coroutine[Ended]:
        ended = Ended("ok", 0, None, 0)
        for script in step.checks if role == "check" else step.verifies:
            ended = yield from self.bench.script(step, script, role, item)
            if ended.outcome != "ok":
                break
        return ended

    def _decide(self, question: Question, step: AnyStep, item: str | None = None) -> Generator[Event, None, Answer]:
        """Ask until the answer is allowed, and record what a person decided."""
        answer = self._ask(question)
        while answer.choice == "run" and question.typed not in {None, answer.text}:
            answer = self._ask(question)
        if answer.by != AUTOMATIC or question.typed is not None:
            yield Confirm(
                step=step.id, question=question.text, choice=answer.choice, text=answer.text, by=answer.by, item=item
            )
        return answer

    def _ask(self, question: Question) -> Answer:
        if self.interrupts.seen:
            raise KeyboardInterrupt
        with self.interrupts.raising():
            return self.operator.ask(question)
