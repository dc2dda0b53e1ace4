"""Who had a part in a run: those who sealed it, those who answered its requests, in which roles. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from recipe_runner.engine.events import Approval, Genesis, Request, Resume
from recipe_runner.engine.statement import Statement
from recipe_runner.journal.reading.account import Account


@dataclass(frozen=True, slots=True)
class People:
    """Fingerprints of primary keys: of those who sealed a run, and of those who answered its requests; its roles."""

    signers: tuple[str, ...]
    approvers: tuple[str, ...]
    roles: tuple[str, ...]

    def all(self) -> tuple[str, ...]:
        """Return everybody once."""
        return tuple(dict.fromkeys((*self.signers, *self.approvers)))


def people_of(account: Account) -> People:
    """Return who sealed a run, who answered requests, and all roles that somebody must have had."""
    approvers: dict[str, None] = {}
    roles: dict[str, None] = {}
    for entry in account.entries:
        match entry.event:
            case Approval(answer=Statement() as answer):
                approvers[answer.approver] = None
            case Request(role=str(role)):
                roles[role] = None
            case Genesis() | Resume() as session:
                roles |= dict.fromkeys((*session.roles.values(), *session.acting))
            case _:
                pass
    return People(account.signers, tuple(approvers), tuple(roles))
