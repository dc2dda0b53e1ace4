"""Carrying steps out: checks, the work itself, verification and undoing, with their repetitions."""

from __future__ import annotations

import time
from collections.abc import Generator, Sequence
from dataclasses import dataclass

from msgspec.structs import replace

from recipe_runner.engine.attempt import Bench
from recipe_runner.engine.events import Event, Role
from recipe_runner.engine.plan import AnyStep
from recipe_runner.engine.processes.process import Ended
from recipe_runner.engine.schedule import Coroutine, Pause, Scheduler
from recipe_runner.language.model import ActionStep, Block, Script

OK = Ended("ok", 0, None, 0)


@dataclass(frozen=True, slots=True)
class Performance:
    """Runs what belongs to a step, one sub-run or several side by side."""

    bench: Bench
    scheduler: Scheduler

    def attempt(
        self, step: AnyStep, items: Sequence[str | None], script: Script | None
    ) -> Generator[Event, None, list[Ended | None]]:
        """Run a step for each item, `parallel=` of them at once; after a failure no further one is started.

        Returns how each ended, None for those not started. `script` replaces the code of an edited block.
        """
        if len(items) == 1:
            return [(yield from self.scheduler.run(self._attempts(step, items[0], script)))]
        return (
            yield from self.scheduler.side_by_side(
                (self._attempts(step, item, script) for item in items),
                step.attributes.parallel,
                go_on=lambda ended: ended.outcome == "ok",
            )
        )

    def verify(self, step: AnyStep, item: str | None) -> Generator[Event, None, bool]:
        """Say whether a step's verify scripts succeed."""
        return (yield from self.scheduler.run(self._scripts(step, step.verifies, "verify", item))).outcome == "ok"

    def undo(self, step: AnyStep, item: str | None) -> Generator[Event, None, bool]:
        """Run a step's undo scripts; say whether all succeeded."""
        return (yield from self.scheduler.run(self._scripts(step, step.undos, "undo", item))).outcome == "ok"

    def shell(self, step: AnyStep) -> Generator[Event, None, None]:
        """Give the operator a recorded shell."""
        yield from self.scheduler.run(self.bench.shell(step))

    def _attempts(self, step: AnyStep, item: str | None, script: Script | None) -> Coroutine[Ended]:
        """Attempt a step as often as its `retries=` allow, or until its `wait=` is over.

        A lost step is never attempted again by itself: whether it did its work is for the operator to find out. Nor is
        one that Ctrl-C stopped, or that was to be tried again when it came: what is next is for the operator to say.
        """
        attributes = step.attributes
        until = time.monotonic() + attributes.wait.total_seconds() if attributes.wait else 0.0
        left = attributes.retries
        while True:
            ended = yield from self._attempt(step, item, script)
            if ended.outcome in {"ok", "lost", "interrupted"}:
                return ended
            if time.monotonic() < until:
                pause = Pause(attributes.every.total_seconds(), step.id, "not yet; looking again", item)
            elif left > 0:
                left -= 1
                pause = Pause(attributes.retry_delay.total_seconds(), step.id, "trying again", item)
            else:
                return ended
            if not self.scheduler.interrupted:
                yield pause
            if self.scheduler.interrupted:
                return replace(ended, note=f"{ended.words()}, and was not tried again")

    def _attempt(self, step: AnyStep, item: str | None, script: Script | None) -> Coroutine[Ended]:
        ended = yield from self._scripts(step, step.checks, "check", item)
        if ended.outcome != "ok":
            return ended
        match step:
            case Block():
                ended = yield from self.bench.script(step, script or step.script, "run", item)
            case ActionStep():
                ended = yield from self.bench.action(step, item)
            case _:
                raise TypeError(f"a {step.kind} step is not run by the engine")
        return ended if ended.outcome != "ok" else (yield from self._scripts(step, step.verifies, "verify", item))

    def _scripts(self, step: AnyStep, scripts: Sequence[Script], role: Role, item: str | None) -> Coroutine[Ended]:
        ended = OK
        for script in scripts:
            ended = yield from self.bench.script(step, script, role, item)
            if ended.outcome != "ok":
                return replace(ended, note=f"was not done: its {role} script {ended.words()}")
        return ended
