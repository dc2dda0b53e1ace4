"""What is asked of other people before a step, and what they answer."""

from __future__ import annotations

from typing import Any, ClassVar

from msgspec import Struct

from recipe_runner.engine.statement import Decision, Statement


class Request(Struct, frozen=True, kw_only=True):
    """Approvals are asked for: all that the others are to look at, and how many of them are needed.

    What they sign names the sha256 of this event's raw line in the journal, so they sign every field of it.
    """

    type: ClassVar[str] = "request"
    run: str
    recipe: dict[str, Any]
    """Name, sha256."""
    params: dict[str, Any] = {}
    """As genesis has them."""
    step: str
    kind: str = "block"
    items: list[str] = []
    """The values of `each=` that are to run."""
    attempt: int = 1
    repeats: bool = False
    """It repeats itself, by `retries=` or `wait=`."""
    digest: str
    """The sha256 of the step's source."""
    command: str
    """The sha256 of the exact code that will run."""
    details: list[str] = []
    """What it does with which values, in words."""
    needed: int = 1
    role: str | None = None
    """Of those who may approve."""
    expires: str
    operator: str = ""
    host: str = ""

    @property
    def until(self) -> str:
        """When it expires, as people read it."""
        return f"{self.expires[:10]} {self.expires[11:16]} UTC"

    def answered(
        self, head: str, *, decision: Decision, approver: str, key: str, signed: str, reason: str = ""
    ) -> Statement:
        """Return what somebody signs in answer to this; `head` is the sha256 of this event's raw line."""
        return Statement(
            run=self.run,
            step=self.step,
            attempt=self.attempt,
            digest=self.digest,
            command=self.command,
            head=head,
            expires=self.expires,
            decision=decision,
            approver=approver,
            key=key,
            signed=signed,
            reason=reason,
        )

    def is_answered_by(self, said: Statement, head: str) -> bool:
        """Say whether a statement answers exactly this; `head` is the sha256 of this event's raw line."""
        asked = (self.run, self.step, self.attempt, self.digest, self.command, head, self.expires)
        return asked == (said.run, said.step, said.attempt, said.digest, said.command, said.head, said.expires)


class Approval(Struct, frozen=True, kw_only=True):
    """Another person's signed answer to the last `Request` of a step; `statement` has its parts."""

    type: ClassVar[str] = "approval"
    stmt: str
    sig: str
    certificate: dict[str, Any] | None = None
    """The sha256 and size of a kept blob."""

    @property
    def statement(self) -> Statement:
        """Read what was signed; raises ValueError where it is no statement."""
        return Statement.parse(self.stmt)

    @property
    def answer(self) -> Statement | None:
        """Read what was signed; None where it is no statement, as in a journal that somebody forged."""
        try:
            return self.statement
        except ValueError:
            return None
