"""One session of a run, from the first event to the exit code: new, or resumed."""

from __future__ import annotations

import os
import platform
import pwd
import secrets
import tempfile
import time
from collections.abc import Collection, Generator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from msgspec import Struct

from recipe_runner import __version__
from recipe_runner.claims import claimed
from recipe_runner.engine.approval import Approvals, Demand, as_fields, joined
from recipe_runner.engine.attempt import Bench
from recipe_runner.engine.course import WHOLE, Course
from recipe_runner.engine.decisions import Decisions
from recipe_runner.engine.events import Event, Genesis, Note, Resume
from recipe_runner.engine.execute import Execution
from recipe_runner.engine.gate import Gate
from recipe_runner.engine.history import History
from recipe_runner.engine.leftovers import Leftovers
from recipe_runner.engine.operator import Operator
from recipe_runner.engine.performance import Performance
from recipe_runner.engine.plan import Plan
from recipe_runner.engine.preconditions.evaluation import evaluate_all
from recipe_runner.engine.preconditions.world import Finding, World
from recipe_runner.engine.processes.interrupts import Interrupts
from recipe_runner.engine.processes.pump import Pump
from recipe_runner.engine.remote.connection import Connections
from recipe_runner.engine.schedule import Scheduler
from recipe_runner.engine.shell_state import ShellState
from recipe_runner.errors import ExitCode, UsageError

SHARED = Path("/dev/shm")  # noqa: S108 - only for directories of random names that nobody else may enter
"""A file system in memory."""


class Place(Struct, frozen=True):
    """Where and by whom a session is run."""

    operator: str
    host: str
    boot_id: str
    directory: str

    @classmethod
    def here(cls) -> Place:
        """Describe this process's machine, user and directory."""
        boot_id = Path("/proc/sys/kernel/random/boot_id")
        return cls(
            operator=_user(),
            host=platform.node(),
            boot_id=boot_id.read_text().strip() if boot_id.exists() else "",
            directory=_directory(),
        )


def look(plan: Plan, environ: Mapping[str, str]) -> tuple[Finding, ...]:
    """Look at a plan's preconditions, here and now; secrets are removed from what was found."""
    clean = plan.values.redactor().text
    findings = evaluate_all(plan.preconditions, World(environ, Path.cwd(), plan.values.texts))
    return tuple(Finding(f.met, clean(f.detail), clean(f.hint) if f.hint else None) for f in findings)


def new_run_id() -> str:
    """Return a 128-bit id as 32 hex digits; the first twelve are a millisecond clock, so ids sort by time."""
    return f"{time.time_ns() // 1_000_000:012x}{secrets.token_hex(10)}"


def genesis(
    plan: Plan,
    *,
    run: str,
    mode: str,
    place: Place,
    suppliers: Mapping[str, str],
    commit: str | None,
    acting: Collection[str] = (),
    demands: Mapping[str, Demand] | None = None,
) -> Genesis:
    """Make the first event of a new run; `demands` are approvals wanted besides those that the recipe asks for."""
    recipe, *includes = _documents(plan)
    return Genesis(
        run=run,
        recipe=recipe | ({"commit": commit} if commit else {}) | {"title": plan.recipe.title},
        includes=includes,
        steps=[{"id": p.step.id, "sha256": p.step.digest} for p in plan.steps],
        params=plan.values.public(),
        secrets=sorted(plan.values.secrets),
        tool={"name": "recipe-runner", "version": __version__},
        actions=dict(suppliers),
        **as_fields(joined(demanded(plan), demands or {})),
        roles=plan.roles(),
        acting=sorted(acting),
        operator=place.operator,
        mode=mode,
        host=place.host,
        boot_id=place.boot_id,
        directory=place.directory,
    )


def resumed(
    plan: Plan,
    history: History,
    *,
    mode: str,
    place: Place,
    acting: Collection[str] = (),
    demands: Mapping[str, Demand] | None = None,
) -> Resume:
    """Make the event with which a run goes on; names the steps whose text is not what genesis recorded."""
    before = {s["id"]: s["sha256"] for s in history.genesis.steps} if history.genesis else {}
    recipe, *includes = _documents(plan)
    return Resume(
        session=history.session + 1,
        operator=place.operator,
        mode=mode,
        host=place.host,
        boot_id=place.boot_id,
        changed=[p.step.id for p in plan.steps if before.pop(p.step.id, None) != p.step.digest] + list(before),
        recipe=recipe,
        includes=includes,
        roles=plan.roles(),
        acting=sorted(acting),
        **as_fields(joined(demanded(plan), demands or {})),
    )


def demanded(plan: Plan) -> dict[str, Demand]:
    """Return by step whose approval the recipe asks for."""
    attributes = {planned.step.id: planned.step.attributes for planned in plan.steps}
    return {step: Demand(a.approve, a.by) for step, a in attributes.items() if a.approve}


@dataclass(slots=True)
class Session:
    """Runs a plan; `events` is the whole stream after the first event, which the caller has made."""

    plan: Plan
    history: History
    operator: Operator
    findings: tuple[Finding, ...]
    state: ShellState
    course: Course = WHOLE
    environ: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    away: Mapping[str, ShellState] = field(default_factory=dict)
    approvals: Approvals | None = None

    def events(self, *, roll_back: bool = False) -> Generator[Event, None, ExitCode]:
        """Run, or undo what was done; the value at the end is the exit code. Raises what `Execution.run` raises."""
        run = self.history.genesis.run if self.history.genesis else ""
        redactor = self.plan.values.redactor()
        environ: dict[str, Any] = {**self.environ, "RECIPE_RUN": run}
        with (
            claimed(_scratch_parent(self.environ), f"recipe-run-{os.getuid()}-") as scratch,
            Connections(environ) as connections,
            Interrupts() as interrupts,
            Pump(interrupts) as pump,
        ):
            bench = Bench(self.plan, self.history, redactor, environ, scratch, connections, self.state, dict(self.away))
            decisions = Decisions(self.operator, interrupts, redactor)
            scheduler = Scheduler(pump, redactor)
            performance = Performance(bench, scheduler)
            gate = Gate(bench, decisions, scheduler, self.approvals)
            leftovers = Leftovers(bench, decisions, scheduler)
            execution = Execution(bench, decisions, performance, gate, leftovers, self.course)
            for state in (self.state, *self.away.values()):
                if state.withheld:
                    yield Note(text=f"not restored, since a secret stands in it: {', '.join(state.withheld)}")
            return (yield from execution.roll_back() if roll_back else execution.run(self.findings))


def _documents(plan: Plan) -> list[dict[str, Any]]:
    """Describe the files of the recipe, itself first."""
    return [
        {"name": Path(s.path).name, "path": str(Path(s.path).absolute()), "sha256": s.sha256, "size": s.size}
        for s in plan.recipe.sources
    ]


def _scratch_parent(environ: Mapping[str, str]) -> Path:
    """Return where small private files need no disk; the temporary folder where `TMPDIR` is set, or nothing better."""
    in_memory = "TMPDIR" not in environ and os.access(SHARED, os.W_OK)
    return SHARED if in_memory else Path(tempfile.gettempdir())


def _directory() -> str:
    try:
        return str(Path.cwd())
    except OSError as error:
        raise UsageError.because(
            f"the working directory is gone: {error.strerror}", hint="change into a directory that exists"
        ) from error


def _user() -> str:
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())
