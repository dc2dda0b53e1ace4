"""One attempt at one step: intent, process, result, as events."""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from recipe_runner.engine.events import Output, Role, StepEnd, StepStart
from recipe_runner.engine.history import History
from recipe_runner.engine.outputs import parse_outputs, read_outputs, variable
from recipe_runner.engine.plan import AnyStep, Plan, action_arguments, directory_of, lookup
from recipe_runner.engine.processes.process import Command, Ended
from recipe_runner.engine.remote.connection import Connections
from recipe_runner.engine.remote.host import host_of
from recipe_runner.engine.schedule import Coroutine, Spawn
from recipe_runner.engine.secrets.redaction import Redactor
from recipe_runner.engine.shell import Code, Surroundings, interactive, prepared
from recipe_runner.engine.shell_state import ShellState
from recipe_runner.engine.values import Text, Values
from recipe_runner.errors import RecipeError
from recipe_runner.language.model import ActionStep, Script
from recipe_runner.memory import memory

if TYPE_CHECKING:
    from pydantic import BaseModel

CHILD = "recipe_runner.actions.child"
Parse = Callable[[str], Mapping[str, str | list[str]]]
NOTHING_LEFT = (
    b"note: variables, functions and directory of this block are not handed on: it replaced its shell by `exec`,"
    b" or ended by `exit` behind a trap of its own\n"
)
SECRET_LEFT_OUT = (
    b"note: a secret is left out of what this step handed on by `$RECIPE_OUTPUT`; later steps find it so\n"
)
ENDED_BADLY = Ended("failed", None, None, 0)


@dataclass(slots=True)
class Bench:
    """Where the steps of one session are worked on: what they find, and what they leave behind."""

    plan: Plan
    history: History
    redactor: Redactor
    environ: Mapping[str, str]
    scratch: Path
    connections: Connections
    state: ShellState = field(default_factory=ShellState)
    away: dict[str, ShellState] = field(default_factory=dict, metadata={"help": "the state on each host"})

    def values(self, item: str | None) -> Values:
        """Return the parameters, with `each` bound for a sub-run."""
        return self.plan.values if item is None else self.plan.values.bound("each", item)

    def variables(self, item: str | None) -> dict[str, str]:
        """Return what a step would find, by name, with secrets masked."""
        values = self.values(item)
        found = {
            name: "(secret)" if name in values.secrets else ", ".join(text) if isinstance(text, tuple) else text
            for name, text in values.texts.items()
        }
        for step_id, outputs in self.history.outputs.items():
            found |= {
                variable(step_id, name): text if isinstance(text, str) else ", ".join(text)
                for name, text in outputs.items()
            }
        for declaration in self.state.variables:
            name, _, value = declaration.removeprefix("declare ").partition(" ")[2].partition("=")
            found[name] = self.redactor.text(value)
        return found

    def script(self, step: AnyStep, script: Script, role: Role, item: str | None = None) -> Coroutine[Ended]:
        """Run one script of a step."""
        digest = hashlib.sha256(script.text.encode("utf-8", "surrogateescape")).hexdigest()
        with self._output_file() as output:
            try:
                around = self._surroundings(step, item, output)
            except RecipeError as error:
                return (yield from self._refused(step, role, item, digest, output, error))
            limit = script.timeout or (step.attributes.timeout if role == "run" else None)
            seconds = limit.total_seconds() if limit else None
            if step.attributes.on is not None:
                ended = yield from self._away(
                    step, lambda state: Code.of(script, state, around), role, item, around, seconds, digest
                )
                return (yield from self._end(step, role, item, ended, output, parse_outputs))
            terminal = step.attributes.tty and role == "run"
            with prepared(script, self.state, around, seconds, waits=not terminal) as ready:
                command = replace(ready.command, terminal=terminal)
                ended = (yield Spawn(command, step.id, item, self._start(step, role, item, digest))) or ENDED_BADLY
                if role == "run" and ended.outcome == "ok" and item is None:
                    yield from self._carry(step, ready.read_state(), around.texts, around.environ)
            return (yield from self._end(step, role, item, ended, output, parse_outputs))

    def action(self, step: ActionStep, item: str | None = None) -> Coroutine[Ended]:
        """Run a typed step in a child process."""
        action = self.plan.actions[step.action]
        digest = hashlib.sha256(step.source.encode("utf-8", "surrogateescape")).hexdigest()
        with self._output_file() as output:
            try:
                arguments = action_arguments(step, action.Arguments, self.values(item), self.history.outputs)
            except RecipeError as error:
                return (yield from self._refused(step, "run", item, digest, output, error))
            yield self._start(step, "run", item, digest)
            ended = yield from self._child(step, arguments, item, output)
            return (yield from self._end(step, "run", item, ended, output, json.loads))

    def shell(self, step: AnyStep) -> Coroutine[Ended]:
        """Give the operator an interactive shell with what the step would find."""
        with self._output_file() as output:
            try:
                around = self._surroundings(step, None, output)
            except RecipeError as error:
                return (yield from self._refused(step, "shell", None, "", output, error))
            if step.attributes.on is not None:
                ended = yield from self._away(
                    step, lambda state: Code.for_person(state, around, step.id), "shell", None, around, None, ""
                )
                return (yield from self._end(step, "shell", None, ended, output, parse_outputs))
            yield self._start(step, "shell", None, "")
            with interactive(self.state, around, step.id) as command:
                ended = (yield Spawn(command, step.id)) or ENDED_BADLY
            return (yield from self._end(step, "shell", None, ended, output, parse_outputs))

    def _away(
        self,
        step: AnyStep,
        code: Callable[[ShellState], Code],
        role: Role,
        item: str | None,
        around: Surroundings,
        seconds: float | None,
        digest: str,
    ) -> Coroutine[Ended]:
        """Run code on the step's host, with the state that the host has."""
        from recipe_runner.engine.remote.prepared import outing, settled, unreached  # noqa: PLC0415 - for such steps

        try:
            host = host_of(step, lookup(self.values(item), self.history.outputs))
        except RecipeError as error:
            yield self._start(step, role, item, digest)
            yield self._complaint(step, item, error)
            return ENDED_BADLY
        yield self._start(step, role, item, digest, host)
        connection = yield from self.connections.connect(host, step.id, item)
        if connection is None:
            return unreached()
        terminal = role == "shell" or (step.attributes.tty and role == "run")
        ready_code = code(self.away.get(host, ShellState()))
        sent = outing(ready_code, around, connection, timeout=seconds, terminal=terminal)
        with connection.busy(), sent as ready:
            courier = (yield Spawn(ready.command, step.id, item)) or ENDED_BADLY
            findings = ready.findings()
        ended = settled(courier, findings)
        given = Path(around.environ["RECIPE_OUTPUT"])
        if findings.output is None:
            given.unlink()
        else:
            given.write_bytes(findings.output)
        if role == "run" and ended.outcome == "ok" and item is None:
            dump = findings.shell if ready_code.kind == "bash" else None
            yield from self._carry(step, dump, around.texts, findings.variables(), host)
        return ended

    def _child(self, step: ActionStep, arguments: BaseModel, item: str | None, output: Path) -> Coroutine[Ended]:
        limit = step.attributes.timeout
        with memory(arguments.model_dump_json(by_alias=True)) as descriptor:
            command = Command(
                (sys.executable, "-m", CHILD, step.action, str(descriptor)),
                {**self.environ, "RECIPE_OUTPUT": str(output), "RECIPE_STEP": step.id},
                self.state.directory,
                (descriptor,),
                limit.total_seconds() if limit else None,
            )
            return (yield Spawn(command, step.id, item)) or ENDED_BADLY

    def _start(self, step: AnyStep, role: Role, item: str | None, command: str, host: str | None = None) -> StepStart:
        attempt = self.history.track(step.id, item).attempts + (role == "run")
        return StepStart(
            step=step.id,
            role=role,
            attempt=max(1, attempt),
            item=item,
            kind=step.kind,
            digest=step.digest,
            command=command,
            host=host,
        )

    def _end(
        self, step: AnyStep, role: Role, item: str | None, ended: Ended, output: Path, parse: Parse
    ) -> Coroutine[Ended]:
        outputs: dict[str, Any] = {}
        if role == "run":
            try:
                text = read_outputs(output)
                told = self.redactor.text(text)
                outputs = dict(parse(told)) if told else {}
                if told != text:
                    yield Output(step.id, "stderr", SECRET_LEFT_OUT, 0, item)
            except ValueError as error:
                yield self._complaint(step, item, error)
                ended = replace(ended, outcome="failed")
        attempt = max(1, self.history.track(step.id, item).attempts)
        yield StepEnd(
            step=step.id,
            role=role,
            attempt=attempt,
            item=item,
            outcome=ended.outcome,
            exit_code=ended.exit_code,
            signal=ended.signal,
            duration_ms=ended.duration_ms,
            outputs=outputs,
        )
        return ended

    def _refused(
        self, step: AnyStep, role: Role, item: str | None, digest: str, output: Path, error: RecipeError
    ) -> Coroutine[Ended]:
        """End an attempt whose values do not allow it to begin."""
        yield self._start(step, role, item, digest)
        yield self._complaint(step, item, error)
        return (yield from self._end(step, role, item, ENDED_BADLY, output, parse_outputs))

    def _complaint(self, step: AnyStep, item: str | None, error: Exception) -> Output:
        words = f"error: {error}\n".encode("utf-8", "surrogateescape")
        return Output(step.id, "stderr", self.redactor.clean(words), 0, item)

    def _carry(
        self,
        step: AnyStep,
        dump: bytes | None,
        texts: Mapping[str, Text],
        environ: Mapping[str, str],
        host: str | None = None,
    ) -> Iterator[Output]:
        """Keep the state that a shell left, here or on a host, where it says something new; Python leaves none."""
        if dump is None:
            return
        before = self.state if host is None else self.away.get(host, ShellState())
        state = ShellState.from_dump(dump, readonly=frozenset(texts), environ=environ)
        if state is None:
            yield Output(step.id, "stderr", NOTHING_LEFT, 0)
            return
        if step.attributes.dir:
            state = replace(state, directory=before.directory)
        if state == before:
            return
        if host is None:
            self.state = state
        else:
            self.away[host] = state
        yield Output(step.id, "state", state.without(self.redactor).to_bytes(), 0)

    def _surroundings(self, step: AnyStep, item: str | None, output: Path) -> Surroundings:
        values = self.values(item)
        texts: dict[str, Text] = dict(values.texts)
        for step_id, outputs in self.history.outputs.items():
            texts |= {
                variable(step_id, name): tuple(text) if isinstance(text, list) else text
                for name, text in outputs.items()
            }
        return Surroundings(
            name=Path(step.span.path).name,
            environ={**self.environ, "RECIPE_OUTPUT": str(output), "RECIPE_STEP": step.id},
            texts=texts,
            directory=directory_of(step, values, self.history.outputs),
        )

    @contextmanager
    def _output_file(self) -> Iterator[Path]:
        path = self.scratch / f"output-{os.urandom(6).hex()}"
        path.touch(mode=0o600, exist_ok=False)
        try:
            yield path
        finally:
            with suppress(OSError):
                path.unlink()
