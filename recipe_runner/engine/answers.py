"""Operators that are not a person at a console: `--yes`, and a file of answers."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, get_args

from recipe_runner.engine.operator import AUTOMATIC, Answer, Choice, Operator, Question
from recipe_runner.errors import Diagnostic, IncompleteError, UsageError
from recipe_runner.language.suggestions import suggest

CHOICES: tuple[Choice, ...] = get_args(Choice)
WANTING: Mapping[Choice, str] = {
    "skip": "a reason",
    "accept": "a reason",
    "override": "a reason",
    "edit": "the code",
    "back": "a step",
    "import": "a file",
}
"""What an answer says besides its choice, where the choice is none without it."""
EVERY = "*"
PRECONDITIONS = "preconditions"


@dataclass(frozen=True, slots=True)
class YesOperator:
    """Says yes where that is safe: never to a point of no return that was not named, never after a failure.

    A step in unknown state is run again unless it is a point of no return; the journal says that nobody looked.

    What it may not answer goes to `otherwise`, a person, where there is one.
    """

    accepted: frozenset[str] = frozenset()
    otherwise: Operator | None = None
    present: ClassVar[bool] = False

    def decided(self, question: Question) -> Answer | None:
        """Answer where that is safe."""
        match question.moment:
            case "undo":
                return Answer("run", "", AUTOMATIC)
            case "start" | "manual" | "unknown" if question.typed is None or question.step in self.accepted:
                return Answer("run" if "run" in question.choices else "done", question.typed or "", AUTOMATIC)
            case "orphaned":
                return Answer("stop", "", AUTOMATIC)
            case "failed" | "unmet":
                return Answer("quit", f"{question.text}", AUTOMATIC)
            case _:
                return self.otherwise.decided(question) if self.otherwise else None

    def ask(self, question: Question) -> Answer:
        """Ask the person; raises IncompleteError where there is none."""
        if self.otherwise is not None:
            return self.otherwise.ask(question)
        if question.notes:
            raise IncompleteError(Diagnostic(question.text, hint="; ".join(question.notes)))
        if question.typed is not None:
            raise IncompleteError(
                Diagnostic(
                    f"step `{question.step}` is a point of no return, which --yes does not cover",
                    hint=f"name it: --accept {question.step}; or run at a terminal and confirm it there",
                )
            )
        raise IncompleteError(
            Diagnostic(
                f"{question.text} Only a person can decide.", hint="resume at a terminal, or with --answers FILE"
            )
        )


@dataclass(slots=True)
class AnswersOperator:
    """Answers from a file: for each step id one answer, or a list that is used up in order; `*` for all others."""

    answers: dict[str, list[Answer]]
    default: Answer | None = None
    name: str = "answers"
    present: ClassVar[bool] = False
    _used: dict[str, int] = field(default_factory=dict)

    @classmethod
    def from_data(cls, data: Mapping[str, Any], name: str, steps: Collection[str]) -> AnswersOperator:
        """Read parsed YAML: `step: run`, `step: {skip: reason}`, `step: [retry, {run: typed-id}]`.

        The key `preconditions` answers for unmet preconditions. Raises UsageError with every fault, also for a key that
        is none of the `steps`.
        """
        faults = [
            Diagnostic(f"`{name}` answers for `{step}`, which is no step", hint=suggest(step, steps, what="step"))
            for step in data
            if step not in {*steps, EVERY, PRECONDITIONS}
        ]
        answers: dict[str, list[Answer]] = {}
        for step, value in data.items():
            items = value if isinstance(value, list) else [value]
            answers[step] = [a for item in items if (a := _answer(step, item, name, faults)) is not None]
        default = answers.pop(EVERY, [])
        if len(default) > 1:
            faults.append(
                Diagnostic(
                    f"`{name}` has {len(default)} answers for `{EVERY}`, of which only one can count",
                    hint="write a list for the step that asks more than once",
                )
            )
        if faults:
            raise UsageError(*faults)
        return cls(answers, default[0] if default else None, name)

    def decided(self, question: Question) -> Answer | None:
        """Return the next answer for the question's step; raises IncompleteError where it does not fit."""
        key = question.step or PRECONDITIONS
        used = self._used.get(key, 0)
        given = self.answers.get(key, [])
        if used < len(given):
            self._used[key] = used + 1
            answer = given[used]
        elif self.default is not None and question.typed is None and question.moment in {"start", "manual"}:
            answer = self.default
            if answer.choice == "run" and "run" not in question.choices:
                answer = Answer("done", answer.text, answer.by)
        else:
            return None
        if answer.choice not in question.choices:
            raise IncompleteError(
                Diagnostic(
                    f"`{self.name}` answers `{answer.choice}` for `{key}`, which is not possible here: {question.text}",
                    hint=f"answer with one of {', '.join(question.choices)}",
                )
            )
        if answer.choice == "back" and answer.text not in question.earlier():
            raise IncompleteError(
                Diagnostic(
                    f"`{self.name}` goes back from `{key}` to `{answer.text}`, which is no earlier step that ran",
                    hint=f"go back to one of {', '.join(question.earlier())}",
                )
            )
        if answer.choice == "run" and question.typed not in {None, answer.text}:
            raise IncompleteError(
                Diagnostic(
                    f"`{key}` is a point of no return and `{self.name}` does not type its id",
                    hint=f"answer `{key}: {{run: {question.typed}}}`",
                )
            )
        return answer

    def ask(self, question: Question) -> Answer:
        """Raise IncompleteError: what the file does not say, nobody does."""
        if question.notes:
            raise IncompleteError(Diagnostic(question.text, hint="; ".join(question.notes)))
        key = question.step or PRECONDITIONS
        raise IncompleteError(
            Diagnostic(
                f"`{self.name}` has no answer for `{key}`: {question.text}",
                hint=f"add `{key}:` with one of {', '.join(question.choices)}",
            )
        )


def _answer(step: str, item: object, name: str, faults: list[Diagnostic]) -> Answer | None:
    choice, text = next(iter(item.items()), ("", "")) if isinstance(item, dict) else (item, "")
    if choice not in CHOICES or not isinstance(text, str) or (isinstance(item, dict) and len(item) != 1):
        faults.append(
            Diagnostic(
                f"`{name}`: the answer for `{step}` is not one of {', '.join(CHOICES)}",
                hint="write `step: run`, `step: {skip: reason}` or a list of these",
            )
        )
        return None
    if choice in WANTING and not text.strip():
        faults.append(
            Diagnostic(
                f"`{name}`: `{choice}` for `{step}` needs {WANTING[choice]}",
                hint=f"write `{step}: {{{choice}: {WANTING[choice]}}}`",
            )
        )
        return None
    return Answer(choice, text, name)
