"""What a journal must say of people: who may run a step, who was asked to approve it, who answered, what began. Pure.

A record that no honest runner writes raises LineError; a step that began without enough approvals is a faithful record
of something that nobody should trust, and is said to be that.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field

from recipe_runner.engine.approval import Demand, joined
from recipe_runner.engine.events import Approval, Genesis, Request, Resume, Skip, StepStart
from recipe_runner.engine.statement import Statement
from recipe_runner.journal.policy import Policy
from recipe_runner.journal.records.identity import Identity
from recipe_runner.journal.records.lines import DIGEST, MOMENT, Line, LineError
from recipe_runner.journal.records.seal import Seal
from recipe_runner.journal.signers.signature import form_fault
from recipe_runner.journal.verification.verdict import Given
from recipe_runner.language.slugs import ID

LAST_ATTEMPT = 10**9
BEGINNINGS = frozenset({"check", "run"})
"""Roles of commands with which a step begins."""
NOBODY = Demand(0)


@dataclass(slots=True)
class _Asked:
    """A request with its answers by approver; `fault` is why it was not enough when a step began on its strength.

    `by` is who asked: the primary key that sealed it, and the operator's name.
    """

    request: Request
    head: str
    by: tuple[str, str]
    answers: dict[str, Statement] = field(default_factory=dict)
    taken: bool = False
    fault: str = ""
    begun: set[str | None] = field(default_factory=set)

    def covers(self, item: str | None, start: StepStart | None) -> bool:
        """Say whether an item of the step may begin on the strength of this request, each item once."""
        request = self.request
        if item not in request.items and (request.items or item is not None):
            return False
        if start is None:
            return item not in self.begun
        if (start.digest, start.command) != (request.digest, request.command):
            return False
        if request.repeats and start.attempt >= request.attempt:
            return True
        fits = start.attempt <= request.attempt if request.items else start.attempt == request.attempt
        return fits and item not in self.begun


@dataclass(slots=True)
class Gates:
    """The fold over a journal's records; `given` are the answers found, `signer` is the primary key that seals now."""

    policy: Policy
    run: str = ""
    params: object = None
    recipe: object = None
    demands: dict[str, Demand] = field(default_factory=dict)
    roles: dict[str, set[str]] = field(default_factory=dict)
    acting: frozenset[str] = frozenset()
    operator: str = ""
    signer: str = ""
    given: list[Given] = field(default_factory=list)
    _asked: dict[str, _Asked] = field(default_factory=dict)
    _begun: set[tuple[str, str | None]] = field(default_factory=set)

    def session(self, event: Genesis | Resume) -> None:
        """Take in what a session begins with."""
        self.acting, self.operator = frozenset(event.acting), event.operator
        for step, role in event.roles.items():
            self.roles.setdefault(step, set()).add(role)
        if isinstance(event, Genesis):
            self.run, self.params = event.run, event.params
        self.recipe = event.recipe.get("sha256", self.recipe)
        named = {step: Demand(count, event.approvers.get(step)) for step, count in event.approvals.items()}
        self.demands = joined(self.demands, named)

    def request(self, event: Request, line: Line, head: str, signer: Identity | None) -> None:
        """Take in a request; raises LineError where it does not tell the truth about its run."""
        if signer is None or line.fields["signer"] != signer.to_field():
            raise LineError("`request` does not name the key that seals")
        if (event.run, event.params, event.recipe.get("sha256")) != (self.run, self.params, self.recipe):
            raise LineError("`request` is about another run, other parameters or another recipe")
        digests = DIGEST.match(event.digest) and DIGEST.match(event.command) and MOMENT.match(event.expires)
        counts = event.needed >= 1 and 1 <= event.attempt < LAST_ATTEMPT
        if not (digests and counts and ID.fullmatch(event.step)):
            raise LineError("`request` does not have its form")
        if event.operator != self.operator:
            raise LineError("`request` does not name the session's operator")
        self._asked[event.step] = _Asked(event, head, self._who())

    def answer(self, event: Approval, line: Line, signers: Collection[str]) -> Seal:
        """Take in an answer and return what its signature must vouch for; raises LineError where it answers nothing."""
        try:
            said = event.statement
        except ValueError as error:
            raise LineError(f"`approval`: {error}") from error
        asked = self._asked.get(said.step)
        if asked is None or asked.taken:
            raise LineError("`approval` answers no request that is open")
        if not asked.request.is_answered_by(said, asked.head):
            raise LineError("`approval` is for something else than what was asked")
        if said.approver in signers:
            raise LineError("`approval` is by somebody whose key seals this run")
        if said.approver in asked.answers:
            raise LineError("`approval` is the second one by the same person")
        by = Identity.of({"primary": said.approver, "signing": said.key})
        if fault := form_fault(event.sig, event.stmt.encode(), signing=by.signing):
            raise LineError(f"`approval`: {fault}")
        asked.answers[said.approver] = said
        self.given.append(Given(said.step, said.attempt, said.decision, said.approver, said.signed, line.n))
        return Seal(event.stmt.encode(), event.sig.encode(), by, "approval")

    def start(self, event: StepStart, ts: str, signers: Collection[str]) -> Iterable[str]:
        """Say why a step must not have begun at `ts`. Its check scripts are a part of its beginning."""
        return self._begin(event.step, event.item, event, ts, signers) if event.role in BEGINNINGS else ()

    def skip(self, event: Skip, ts: str, signers: Collection[str]) -> Iterable[str]:
        """Say why a step must not have been called done at `ts`; one that began with approvals may be, later."""
        done = event.kind in {"done", "already-done"} and (event.step, event.item) not in self._begun
        return self._begin(event.step, event.item, None, ts, signers) if done else ()

    def _begin(
        self, step: str, item: str | None, start: StepStart | None, ts: str, signers: Collection[str]
    ) -> Iterator[str]:
        for role in sorted(self.roles.get(step, ())):
            if role not in self.acting:
                yield f"step `{step}` is for the role `{role}`, in which nobody acted"
            elif not self.policy.has(self.signer, {role}):
                yield f"step `{step}` is for the role `{role}`, which the policy does not give to {self.signer}"
        fault = self._take_up(step, ts, signers)
        asked = self._asked.get(step)
        if start is None or start.role == "run":
            self._begun.add((step, item))
            if asked is not None:
                fault = fault or ("" if asked.covers(item, start) else "what began is not what was approved")
                asked.begun.add(item)
        count = self._demand(step).count if fault else 0
        if count:
            yield f"step `{step}` began without the {count} approval{'s' if count > 1 else ''} it needs: {fault}"

    def _who(self) -> tuple[str, str]:
        return self.signer, self.operator

    def _take_up(self, step: str, ts: str, signers: Collection[str]) -> str:
        """Settle a request when its step begins, and return what is missing."""
        asked = self._asked.get(step)
        if asked is None:
            return "nobody was asked"
        if not asked.taken:
            asked.taken = True
            asked.fault = self._missing(step, asked, ts, signers)
        if asked.by != self._who():
            key, operator = asked.by
            return f"it was asked for by {operator or 'somebody'} with {key}, and somebody else ran it"
        return asked.fault

    def _missing(self, step: str, asked: _Asked, ts: str, signers: Collection[str]) -> str:
        denied = [answer.approver for answer in asked.answers.values() if answer.decision == "deny"]
        if denied:
            return f"it was denied by {denied[0]}"
        if ts > asked.request.expires:
            return f"what was asked had expired at {asked.request.expires}"
        demand, role = self._demand(step), (self.demands.get(step) or NOBODY).role
        approved = [
            person
            for person in asked.answers
            if person not in signers and self.policy.approves(person, {demand.role, role})
        ]
        return f"{len(approved)} of {demand.count} have approved it" if len(approved) < demand.count else ""

    def _demand(self, step: str) -> Demand:
        of_policy, of_run = self.policy.approvals.get(step), self.demands.get(step)
        return of_policy.joined(of_run) if of_policy else of_run or NOBODY
