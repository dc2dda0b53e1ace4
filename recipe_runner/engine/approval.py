"""Approvals as the engine knows them: who must agree to a step, what was asked, who has answered."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from msgspec import Struct

from recipe_runner.engine.events import Approval, Request
from recipe_runner.engine.statement import Statement


class Demand(Struct, frozen=True):
    """How many people must approve a step, and the role that they must have, if any."""

    count: int
    role: str | None = None

    def joined(self, other: Demand | None) -> Demand:
        """Return a demand at least as high as both; the other's role counts where this one names none."""
        return self if other is None else Demand(max(self.count, other.count), self.role or other.role)

    def words(self) -> str:
        """Return it as it is said to people: `2 people of role `security``."""
        people = "1 person" if self.count == 1 else f"{self.count} people"
        return f"{people} of role `{self.role}`" if self.role else people


def joined(*demands: Mapping[str, Demand]) -> dict[str, Demand]:
    """Return by step the highest of several demands; of roles the first one counts."""
    found: dict[str, Demand] = {}
    for more in demands:
        for step, demand in more.items():
            found[step] = found[step].joined(demand) if step in found else demand
    return found


def as_fields(demands: Mapping[str, Demand]) -> dict[str, Any]:
    """Return the fields by which an event says which approvals are needed."""
    return {
        "approvals": {step: demand.count for step, demand in demands.items()},
        "approvers": {step: demand.role for step, demand in demands.items() if demand.role},
    }


class Pending(Struct):
    """The last request of a step and the answers to it, by approver; `used` once the step has begun on its strength."""

    request: Request
    answers: dict[str, Statement] = {}
    used: bool = False

    @property
    def denial(self) -> Statement | None:
        """Return the answer that forbids the step, if there is one."""
        return next((answer for answer in self.answers.values() if answer.decision == "deny"), None)


class Errand(Struct, frozen=True):
    """How an operator gets answers: the file to hand to the others, and the directory where theirs are looked for."""

    request: Path
    inbox: Path


class Approvals(Protocol):
    """The journal's side of a gate: where requests go, and where answers come from, each checked before it counts."""

    def expiry(self) -> str:
        """Say when a request that is made now expires."""
        ...

    def open(self, pending: Pending) -> bool:
        """Say whether a request has not expired."""
        ...

    def ours(self, pending: Pending) -> bool:
        """Say whether a request was made by the person who seals now."""
        ...

    def approving(self, pending: Pending) -> int:
        """Count the people whose approvals stand now; not those whose keys seal this run."""
        ...

    def publish(self, pending: Pending, code: str) -> Errand:
        """Write the file of a request that has been recorded; raises IncompleteError."""
        ...

    def news(self) -> bool:
        """Say whether something has come in that `arrived` has not looked at yet."""
        ...

    def arrived(self, pending: Pending) -> tuple[list[Approval], list[str]]:
        """Return the good answers that have come in since the last look, and why others are none."""
        ...

    def read(self, pending: Pending, path: str) -> Approval:
        """Return the answer in a file; raises RecipeError where it is not a good one to this request."""
        ...
