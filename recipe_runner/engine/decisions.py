"""Asking the operator, and keeping what was decided."""

from __future__ import annotations

import difflib
import signal
from collections.abc import Generator
from dataclasses import dataclass

from msgspec.structs import replace

from recipe_runner.engine.events import Confirm, Deviation, Event, Resting
from recipe_runner.engine.operator import Answer, Choice, Operator, Question
from recipe_runner.engine.plan import AnyStep
from recipe_runner.engine.processes.interrupts import Interrupts
from recipe_runner.engine.secrets.redaction import Redactor

EXACT: frozenset[Choice] = frozenset({"run", "edit", "back", "import"})
"""Choices whose text is an id, code or a path."""
LEAVING: tuple[Choice, ...] = ("shell", "quit", "abort")


@dataclass(frozen=True, slots=True)
class Decisions:
    """The operator's side of a session."""

    operator: Operator
    interrupts: Interrupts
    redactor: Redactor

    @property
    def interrupted(self) -> bool:
        """Say whether the operator or the system asked to stop."""
        return self.interrupts.seen is not None

    def why_interrupted(self) -> str:
        """Say in words who asked to stop."""
        seen = self.interrupts.seen
        return f"stopped by {seen.name}" if seen not in {None, signal.SIGINT} else "interrupted by the operator"

    def forgive(self) -> None:
        """Take a Ctrl-C back where a person is there to say what it was meant for."""
        if self.operator.present:
            self.interrupts.forgive()

    def ask(self, question: Question) -> Generator[Event, None, Answer]:
        """Ask once, at rest, what is not decided yet; raises KeyboardInterrupt where the session is interrupted.

        No secret is in the question, nor in the reason or note that is given.
        """
        if self.interrupted:
            raise KeyboardInterrupt
        clean = self.redactor.text
        question = replace(question, text=clean(question.text), detail=clean(question.detail))
        answer = self.operator.decided(question)
        if answer is None:
            yield Resting()
            with self.interrupts.raising():
                if self.interrupted:
                    raise KeyboardInterrupt
                answer = self.operator.ask(question)
        return answer if answer.choice in EXACT else replace(answer, text=clean(answer.text))

    def decide(self, question: Question, step: AnyStep) -> Generator[Event, None, Answer]:
        """Ask until the answer is allowed, and record what a person decided."""
        answer = yield from self.ask(question)
        while answer.choice == "run" and question.typed not in {None, answer.text}:
            answer = yield from self.ask(question)
        if not answer.automatic or question.typed is not None or question.moment == "unknown":
            yield Confirm(
                step=step.id,
                question=self.redactor.text(question.text),
                choice=answer.choice,
                text="" if answer.choice == "edit" else self.redactor.text(answer.text),
                by=answer.by,
            )
        return answer

    def edited(self, step: AnyStep, before: str, after: str) -> Deviation:
        """Describe an edit by its difference."""
        lines = difflib.unified_diff(before.splitlines(), after.splitlines(), "recipe", "edited", lineterm="", n=1)
        what = self.redactor.text("\n".join(lines))
        return Deviation(kind="edited", what=what, reason="edited by the operator", step=step.id)
