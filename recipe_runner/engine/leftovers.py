"""What a session that died left at work: waited for or stopped before another one does anything.

A runner that is killed cannot take its steps along. What belongs to a step is known by `RECIPE_RUN` and `RECIPE_STEP`
in the environment with which it was started (proc(5)), together with all that is in a process group with it. A process
that has made a session of its own is none of them: it means to outlive the step, as a daemon does.
"""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from recipe_runner.engine.attempt import Bench
from recipe_runner.engine.decisions import Decisions
from recipe_runner.engine.events import Event, Note
from recipe_runner.engine.operator import Answer, Question
from recipe_runner.engine.plan import AnyStep
from recipe_runner.engine.processes.process import LADDER
from recipe_runner.engine.schedule import LONGEST_WAIT, Coroutine, Pause, Scheduler
from recipe_runner.errors import IncompleteError
from recipe_runner.sanitise import line

PROCESSES = Path("/proc")
SETTLING = 1.0
"""Seconds that a killed process is given to vanish."""


@dataclass(frozen=True, slots=True)
class Leftovers:
    """Finds and ends what earlier sessions of this run left at work on this machine."""

    bench: Bench
    decisions: Decisions
    scheduler: Scheduler

    def clear(self) -> Generator[Event, None, Answer | None]:
        """See to it that nothing works any more on any step of which no end is on record.

        The value is an answer where the operator rather leaves. Raises IncompleteError where something does not let
        itself be stopped.
        """
        begun = {step_id for (step_id, _), track in self.bench.history.tracks.items() if track.open}
        for planned in self.bench.plan.steps:
            if planned.step.id in begun and (leaving := (yield from self._clear(planned.step))) is not None:
                return leaving
        return None

    def _clear(self, step: AnyStep) -> Generator[Event, None, Answer | None]:
        while groups := self._groups(step):
            said = ", ".join(f"process group {group} (`{words}`)" for group, words in groups.items())
            text = f"`{step.id}` is still at work, though the runner that began it died: {said}."
            answer = yield from self.decisions.decide(
                Question("orphaned", step.id, text, ("wait", "stop", "quit")), step
            )
            match answer.choice:
                case "stop":
                    yield from self.scheduler.run(self._stop(step))
                    if not self._groups(step):
                        yield Note(text=f"stopped what a runner that died had left at work: {said}", step=step.id)
                    elif not self.decisions.interrupted:
                        raise IncompleteError.because(
                            f"`{step.id}` is still at work and cannot be stopped: {said}",
                            hint="see to it that it ends, then go on",
                        )
                case "wait":
                    yield from self.scheduler.run(self._wait(step))
                    self.decisions.interrupts.forgive()
                case _:
                    return answer
        return None

    def _stop(self, step: AnyStep) -> Coroutine[None]:
        for number, grace in LADDER:
            for group in self._groups(step):
                with suppress(OSError):
                    os.killpg(group, number)
            yield self._pause(step, grace or SETTLING, "stopping what is still at work")
            if not self._groups(step):
                return

    def _wait(self, step: AnyStep) -> Coroutine[None]:
        yield self._pause(step, LONGEST_WAIT, "waiting for its end (Ctrl-C: choose)")

    def _pause(self, step: AnyStep, seconds: float, reason: str) -> Pause:
        return Pause(seconds, step.id, reason, over=lambda: not self._groups(step))

    def _groups(self, step: AnyStep) -> dict[int, str]:
        """Return the process groups in which something of the step is at work, and the latest program of each."""
        run = self.bench.history.genesis.run if self.bench.history.genesis else ""
        marks = {f"RECIPE_RUN={run}".encode(), f"RECIPE_STEP={step.id}".encode()}
        groups: dict[int, str] = {}
        for process in _processes():
            with suppress(OSError):
                group, session = os.getpgid(process), os.getsid(process)
                entries = (PROCESSES / str(process) / "environ").read_bytes().split(b"\0")
                if group not in {session, os.getpgrp()} and marks.issubset(entries):
                    groups[group] = line((PROCESSES / str(process) / "comm").read_text(errors="replace").strip())
        return groups


def _processes() -> Iterator[int]:
    """Yield every process of this machine, the oldest first."""
    yield from sorted(int(entry.name) for entry in PROCESSES.iterdir() if entry.name.isdigit())
