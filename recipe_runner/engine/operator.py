"""The person at the controls, as the engine sees one: somebody who answers questions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

Moment = Literal["start", "manual", "failed", "unknown", "changed", "unmet"]
"""When a question is asked: before a step, for a manual item, after a failure, on resume for a step whose end is not
known or whose text has changed, and for preconditions that are not met."""

Choice = Literal["run", "skip", "done", "retry", "accept", "shell", "quit", "abort", "override", "undo"]


@dataclass(frozen=True, slots=True)
class Question:
    """A question about one step (or about the preconditions, with `step` empty)."""

    moment: Moment
    step: str
    text: str
    choices: tuple[Choice, ...]
    typed: str | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What was chosen; `text` is the reason, note or typed confirmation that the choice needs."""

    choice: Choice
    text: str = ""
    by: str = "operator"


class Operator(Protocol):
    """Answers questions: a console, an answers file, or a test."""

    def ask(self, question: Question) -> Answer:
        """Return an answer whose choice is among the question's; raises IncompleteError when nobody can answer."""
        ...
