from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from recipe_runner.engine.answers import AnswersOperator
from recipe_runner.engine.approval import Errand, Pending
from recipe_runner.engine.events import Abort, Approval, Request, StepStart
from recipe_runner.engine.statement import Statement
from tests.support.running import Ran, run_text

TEXT = "```bash {#a approve=1}\ntrue\n```\n"


@dataclass
class Scripted:
    """Says of each request how often it may be looked at before it has expired; the given ones are answered at once."""

    looks: list[int]
    answered: frozenset[int] = frozenset()
    asked: int = 0
    seen: list[Pending] = field(default_factory=list)

    def expiry(self) -> str:
        self.asked += 1
        return f"2099-01-01T00:00:00.{self.asked:06}Z"

    def open(self, pending: Pending) -> bool:
        number = self._number(pending)
        self.looks[number] -= 1
        return self.looks[number] >= 0

    def ours(self, pending: Pending) -> bool:
        return True

    def approving(self, pending: Pending) -> int:
        return len(pending.answers)

    def publish(self, pending: Pending, code: str) -> Errand:
        return Errand(Path("request"), Path("inbox"))

    def news(self) -> bool:
        return False

    def arrived(self, pending: Pending) -> tuple[list[Approval], list[str]]:
        if self._number(pending) in self.answered:
            pending.answers["somebody"] = Statement(**dict.fromkeys(Statement.__struct_fields__, "x"))  # type: ignore[arg-type]
        return [], []

    def read(self, pending: Pending, path: str) -> Approval:
        raise NotImplementedError

    def _number(self, pending: Pending) -> int:
        if not any(pending is known for known in self.seen):
            self.seen.append(pending)
        return next(n for n, known in enumerate(self.seen) if known is pending)


def ran(approvals: Scripted, tmp_path: Path, *answers: str) -> Ran:
    """Run a step that somebody must approve."""
    operator = AnswersOperator.from_data({"a": ["run", *answers]}, "answers", ["a"])
    return run_text(TEXT, operator=operator, directory=tmp_path, approvals=approvals)


def types(done: Ran) -> list[str]:
    return [event.type for event in done.events if isinstance(event, Request | StepStart | Abort)]


def test_a_wait_ends_when_its_request_expires(tmp_path: Path) -> None:
    """What would still come in would count for nothing, so the step is asked for anew and the operator asked again."""
    done = ran(Scripted([3, 9]), tmp_path, "wait", "quit")
    assert types(done) == ["request", "request", "abort"]


def test_a_request_that_expires_while_its_answers_are_recorded_lets_nothing_begin(tmp_path: Path) -> None:
    """A seal may take as long as a person needs to type a PIN; then others are asked again."""
    done = ran(Scripted([0, 9], answered=frozenset({0, 1})), tmp_path)
    assert types(done) == ["request", "request", "step_start"]
