"""The person at the controls, as the engine sees one: somebody who answers questions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Literal, Protocol

from msgspec import Struct

Moment = Literal["start", "manual", "failed", "unknown", "changed", "unmet", "undo", "approval", "denied", "orphaned"]
"""When a question is asked: before a step, for a manual item, after a failure, on resume for a step whose end is not
known or whose text has changed, for preconditions that are not met, before a step is undone, while approvals are
missing, when somebody has denied one, and for a step that is still at work though its runner died."""

Choice = Literal[
    "run",
    "edit",
    "skip",
    "done",
    "retry",
    "accept",
    "shell",
    "back",
    "undo",
    "quit",
    "abort",
    "override",
    "wait",
    "import",
    "request",
    "stop",
]


AUTOMATIC = "--yes"
"""Who answers when nobody is asked."""


class Question(Struct, frozen=True):
    """A question about one step (or about the preconditions, with `step` empty).

    `typed` must be typed to run the step; `code` is what would run, to be edited; `earlier` are the steps one can go
    back to; `variables` tells what the step would find, secrets masked; `notes` say how to get what is missing.
    """

    moment: Moment
    step: str
    text: str
    choices: tuple[Choice, ...]
    typed: str | None = None
    detail: str = ""
    code: str = ""
    earlier: Callable[[], Sequence[str]] = tuple
    variables: Callable[[], Mapping[str, str]] = dict
    notes: tuple[str, ...] = ()


class Answer(Struct, frozen=True):
    """What was chosen; `text` is the reason, note, typed confirmation, edited code or step that the choice needs."""

    choice: Choice
    text: str = ""
    by: str = "operator"

    @property
    def automatic(self) -> bool:
        """Say whether nobody was asked."""
        return self.by == AUTOMATIC


class Operator(Protocol):
    """Answers questions: a console, an answers file, or a test."""

    @property
    def present(self) -> bool:
        """Say whether a person decides whatever comes up, who may interrupt something without leaving the run."""
        ...

    def decided(self, question: Question) -> Answer | None:
        """Return the answer that was given beforehand, at once, without showing anything; None where there is none."""
        ...

    def ask(self, question: Question) -> Answer:
        """Return what somebody decides now, however long that takes; raises IncompleteError when nobody can.

        The choice is among the question's, here and in `decided`.
        """
        ...
