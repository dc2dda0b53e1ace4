"""Runs the engine's coroutines: hands their events on, starts the processes they ask for and tells them the end.

A coroutine yields events, `Spawn` (answered with the process's `Ended`) and `Pause`. Any number run side by side over
one `Pump`; there are no threads, so an event is always recorded before its coroutine goes on.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from msgspec import Struct

from recipe_runner.engine.events import Event, Output, Resting, StepStart, Ticking, Waiting
from recipe_runner.engine.processes.process import Chunk, Command, Ended, Process, Stream
from recipe_runner.engine.processes.pump import Pump
from recipe_runner.engine.secrets.redaction import RedactedStream, Redactor

T = TypeVar("T")


class Spawn(Struct, frozen=True):
    """Run this command for a step; `intent` is handed out first, and the command begins only when it comes back.

    A shell is made ready to begin while the intent is written down, since both take their time.
    """

    command: Command
    step: str
    item: str | None = None
    intent: StepStart | None = None


class Pause(Struct, frozen=True):
    """Wait for some seconds, or less when the operator interrupts or `over` says so."""

    seconds: float
    step: str
    reason: str
    item: str | None = None
    over: Callable[[], bool] = bool


Coroutine = Generator[Event | Spawn | Pause, Ended | None, T]

STREAMS: tuple[Stream, ...] = ("stdout", "stderr")
NOT_STARTED = 127
"""The exit code a shell reports for a command that it could not find."""
TICK = 0.5
"""Seconds between two `Waiting` events."""
SECOND = 1.0
"""Between two `Ticking` events."""
LONGEST_WAIT = 24 * 3600.0
"""Seconds that a wait for something outside may take before the operator is asked again."""


@dataclass(slots=True, eq=False)
class _Task(Generic[T]):
    coroutine: Coroutine[T]
    process: Process | None = None
    spawn: Spawn | None = None
    streams: dict[str, RedactedStream] = field(default_factory=dict)
    pause: Pause | None = None
    wake: float = 0.0
    results: list[T] = field(default_factory=list)

    @property
    def over(self) -> bool:
        return bool(self.results)


class Scheduler:
    """Drives coroutines over one pump."""

    def __init__(self, pump: Pump, redactor: Redactor) -> None:
        self._pump = pump
        self._redactor = redactor

    @property
    def interrupted(self) -> bool:
        """Say whether the operator or the system asked to stop."""
        return self._pump.interrupted

    def run(self, coroutine: Coroutine[T]) -> Generator[Event, None, T]:
        """Drive one coroutine to its end and return its result."""
        task = _Task(coroutine)
        yield from self._advance(task, None)
        while not task.over:
            yield from self._wait([task])
        return task.results[0]

    def side_by_side(
        self, coroutines: Iterable[Coroutine[T]], limit: int, *, go_on: Callable[[T], bool] = lambda _: True
    ) -> Generator[Event, None, list[T | None]]:
        """Drive coroutines, at most `limit` at a time, and return their results in the order given.

        Once a result is there with which `go_on` is not content, no further coroutine is started; those that never
        were have no result.
        """
        tasks: list[_Task[T]] = [_Task(c) for c in coroutines]
        waiting = list(tasks)
        active: list[_Task[T]] = []
        while waiting or active:
            if not all(go_on(result) for task in tasks for result in task.results):
                waiting.clear()
            while waiting and len(active) < limit:
                task = waiting.pop(0)
                active.append(task)
                yield from self._advance(task, None)
            yield from self._wait([task for task in active if not task.over])
            active = [task for task in active if not task.over]
        return [task.results[0] if task.results else None for task in tasks]

    def _advance(self, task: _Task[T], ended: Ended | None) -> Iterator[Event]:
        """Let a coroutine go on until it waits for something."""
        answer = ended
        while True:
            try:
                request = task.coroutine.send(answer)
            except StopIteration as stop:
                task.results.append(stop.value)
                return
            answer = None
            match request:
                case Spawn():
                    answer = yield from self._start(task, request)
                    if answer is None:
                        return
                case Pause():
                    task.pause = request
                    task.wake = time.monotonic() + request.seconds
                    return
                case _:
                    yield request

    def _start(self, task: _Task[T], spawn: Spawn) -> Generator[Event, None, Ended | None]:
        """Start a task's command and let it go behind its intent; how it ended, where it could not be started."""
        task.spawn = spawn
        task.streams = {name: self._redactor.stream() for name in STREAMS}
        waits = spawn.command.opener is not None
        if spawn.intent is not None and not waits:
            yield spawn.intent
        refusal: OSError | ValueError | None = None
        try:
            task.process = self._pump.start(spawn.command)
        except (OSError, ValueError) as error:
            refusal = error
        if spawn.intent is not None and waits:
            yield spawn.intent
        if refusal is not None:
            yield Output(spawn.step, "stderr", _refusal(spawn.command, refusal), 0, spawn.item)
            return Ended("failed", NOT_STARTED, None, 0)
        if task.process is not None and waits:
            self._pump.let_go(task.process)
        return None

    def _wait(self, active: list[_Task[T]]) -> Iterator[Event]:
        """Wait until something happens to one of the tasks."""
        pausing = [task for task in active if task.pause is not None]
        now = time.monotonic()
        until = min([now + TICK, *(task.wake for task in pausing)]) if pausing else now + SECOND
        if not active:
            return
        yield Resting()
        idle = not pausing
        for process, happened in self._pump.poll(until):
            idle = False
            task = next(task for task in active if task.process is process)
            yield from self._happened(task, happened)
        if idle:
            yield Ticking()
        now = time.monotonic()
        for task in pausing:
            if task.pause is not None:
                left = max(0.0, task.wake - now)
                yield Waiting(task.pause.step, task.pause.reason, task.pause.seconds, left, task.pause.item)
                if left == 0 or self._pump.interrupted or task.pause.over():
                    task.pause = None
                    yield from self._advance(task, None)

    def _happened(self, task: _Task[T], happened: Chunk | Ended) -> Iterator[Event]:
        spawn = task.spawn
        if spawn is None:
            return
        terminal = spawn.command.terminal
        if isinstance(happened, Chunk):
            if data := task.streams[happened.stream].feed(happened.data):
                yield Output(spawn.step, happened.stream, data, happened.elapsed_ns, spawn.item, terminal)
            return
        for name in STREAMS:
            if data := task.streams[name].end():
                yield Output(spawn.step, name, data, happened.duration_ms * 1_000_000, spawn.item, terminal)
        task.process = None
        yield from self._advance(task, happened)


def _refusal(command: Command, error: OSError | ValueError) -> bytes:
    """Say why a command could not be started, as a shell would."""
    if isinstance(error, OSError):
        return f"{error.filename or command.argv[0]}: {error.strerror}\n".encode(errors="replace")
    return f"{command.argv[0]}: {error}\n".encode(errors="replace")
