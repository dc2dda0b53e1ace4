"""Where a step waits for other people: asks for their approvals, and lets it begin only when enough have come."""

from __future__ import annotations

import hashlib
from collections.abc import Generator, Sequence
from dataclasses import dataclass

from msgspec.structs import replace

from recipe_runner.engine.approval import Approvals, Demand, Errand, Pending
from recipe_runner.engine.attempt import Bench
from recipe_runner.engine.briefing import briefing
from recipe_runner.engine.decisions import Decisions
from recipe_runner.engine.events import Event, Request
from recipe_runner.engine.operator import Answer, Question
from recipe_runner.engine.plan import AnyStep
from recipe_runner.engine.schedule import LONGEST_WAIT, Coroutine, Pause, Scheduler
from recipe_runner.errors import IncompleteError, RecipeError
from recipe_runner.language.model import Block, Script
from recipe_runner.sanitise import line

Passing = Generator[Event, None, Answer | None]


@dataclass(frozen=True, slots=True)
class Gate:
    """Guards the steps of one session; without `approvals`, which nobody can give then, it lets none of them pass."""

    bench: Bench
    decisions: Decisions
    scheduler: Scheduler
    approvals: Approvals | None = None

    def passing(self, step: AnyStep, items: Sequence[str | None], script: Script | None) -> Passing:
        """Wait until a step may begin; returns None then, else what the operator wants instead.

        `script` is the code of an edited block. Raises IncompleteError where approvals are missing and nobody waits.
        """
        demand = self.bench.history.demands.get(step.id)
        if demand is None:
            return None
        if self.approvals is None:
            raise IncompleteError.because(
                f"step `{step.id}` must be approved by {demand.words()}, which an unsigned run cannot prove",
                hint="run it with a signing key",
            )
        code = code_of(step, script)
        complaints: list[str] = []
        before = self.bench.history.pending.get(step.id)
        if before is not None and before.denial:
            before.used = True
        while True:
            pending = yield from self._pending(self._request(step, items, code, demand))
            errand = self.approvals.publish(pending, code)
            arrived, refused = self.approvals.arrived(pending)
            yield from arrived
            if pending.denial is None and self.approvals.approving(pending) >= demand.count:
                if self.approvals.open(pending):
                    return None
                continue
            question = self._question(pending, demand, errand, (*complaints, *refused))
            answer = yield from self.decisions.ask(question)
            complaints = []
            match answer.choice:
                case "wait":
                    yield from self._wait(pending)
                case "import":
                    try:
                        yield self.approvals.read(pending, answer.text)
                    except RecipeError as error:
                        complaints = [f"`{line(answer.text)}`: {error}"]
                case "request":
                    pending.used = True
                case _:
                    return answer

    def _request(self, step: AnyStep, items: Sequence[str | None], code: str, demand: Demand) -> Request:
        """Say what would be asked for now."""
        history, attributes = self.bench.history, step.attributes
        first = history.genesis
        if self.approvals is None or first is None:
            raise IncompleteError.because("a run without a beginning cannot ask for approvals")
        return Request(
            run=first.run,
            recipe={"name": first.recipe.get("name", ""), "sha256": self.bench.plan.recipe.sources[0].sha256},
            params=first.params,
            step=step.id,
            kind=step.kind,
            items=[item for item in items if item is not None],
            attempt=1 + max(history.track(step.id, item).attempts for item in items),
            repeats=bool(attributes.retries or attributes.wait),
            digest=step.digest,
            command=sha256_of(code),
            details=briefing(step, items, self.bench),
            needed=demand.count,
            role=demand.role,
            expires=self.approvals.expiry(),
            operator=history.operator,
            host=history.host,
        )

    def _pending(self, wanted: Request) -> Generator[Event, None, Pending]:
        """Return the request that is open for exactly this, asked for anew where there is none."""
        known = self.bench.history.pending.get(wanted.step)
        approvals = self.approvals
        if known is not None and approvals is not None and not known.used and approvals.open(known):
            then = known.request
            if approvals.ours(known) and replace(then, expires=wanted.expires, host=wanted.host) == wanted:
                return known
        yield wanted
        return self.bench.history.pending[wanted.step]

    def _question(self, pending: Pending, demand: Demand, errand: Errand, complaints: Sequence[str]) -> Question:
        step, notes = pending.request.step, tuple(complaints)
        if denial := pending.denial:
            reason = f": {denial.reason}" if denial.reason else ""
            text = f"`{step}` was denied by {denial.approver}{reason}."
            hint = "mend what they object to, then ask again; a resumed run does"
            return Question("denied", step, text, ("request", "skip", "quit", "abort"), notes=(*notes, hint))
        have = self.approvals.approving(pending) if self.approvals else 0
        names = ", ".join(name for name, answer in pending.answers.items() if answer.decision == "approve")
        so_far = f"{have} of {demand.count} so far{f', by {names}' if names else ''}"
        return Question(
            "approval",
            step,
            f"`{step}` must be approved by {demand.words()}; {so_far}.",
            ("wait", "import", "skip", "quit", "abort"),
            notes=(
                *notes,
                f"hand over {errand.request}",
                f"they run: recipe approve {errand.request.name}",
                f"put the file that this writes into {errand.inbox}/, before {pending.request.until}",
            ),
        )

    def _wait(self, pending: Pending) -> Generator[Event, None, None]:
        """Wait until something comes in or the operator presses Ctrl-C, which ends the wait and nothing else."""
        yield from self.scheduler.run(self._waiting(pending))
        self.decisions.interrupts.forgive()

    def _waiting(self, pending: Pending) -> Coroutine[None]:
        approvals = self.approvals
        if approvals is not None:
            yield Pause(
                LONGEST_WAIT,
                pending.request.step,
                "waiting for approvals (Ctrl-C: choose)",
                over=lambda: approvals.news() or not approvals.open(pending),
            )


def code_of(step: AnyStep, script: Script | None) -> str:
    """Return the text that a step runs: a block's code, else the step's source."""
    if isinstance(step, Block):
        return (script or step.script).text
    return step.source


def sha256_of(code: str) -> str:
    """Return the sha256 that `step_start` names as the `command` of this code."""
    return hashlib.sha256(code.encode("utf-8", "surrogateescape")).hexdigest()
