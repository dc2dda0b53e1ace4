"""What a run would do: the true commands with what they would find, and what cannot be known yet."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from rich.text import Text

from recipe_runner.console import findings as table
from recipe_runner.console.card import STYLES, heading
from recipe_runner.console.columns import hanging
from recipe_runner.console.stream import print_object
from recipe_runner.console.terminal import Terminal, styled
from recipe_runner.engine.approval import Demand
from recipe_runner.engine.course import Course
from recipe_runner.engine.events import Precondition, to_record
from recipe_runner.engine.plan import AnyStep, Plan, PlannedStep, action_arguments, awaits_outputs, shown
from recipe_runner.engine.preconditions.world import Finding
from recipe_runner.engine.values import Values
from recipe_runner.language.checks.shell_scan import assigned
from recipe_runner.language.durations import format_duration
from recipe_runner.language.model import ActionStep, Block, Script
from recipe_runner.sanitise import visible

VARIABLE = re.compile(r"\$\{?#?([A-Za-z_][A-Za-z0-9_]*)")


def show(terminal: Terminal, plan: Plan, findings: Sequence[Finding], course: Course) -> None:
    """Print every precondition with what was found, and every step with what it would do."""
    terminal.say(plan.recipe.title, "strong")
    terminal.say("Nothing is run; this is what a run would do.", "quiet")
    table.show(terminal, plan, findings)
    for planned in _chosen(plan, course):
        terminal.say("")
        terminal.rule(heading(planned, len(plan.steps)), style=STYLES[planned.step.attributes.irreversible])
        for text, style in _step(plan, planned):
            if style == "code":
                terminal.say("\n".join(f"  {row}" for row in text.rstrip("\n").split("\n")), style)
            else:
                hanging(terminal, Text("  "), styled(visible(text), style))
    unmet = sum(not finding.met for finding in findings)
    if unmet:
        terminal.say("")
        terminal.say(f"A run would stop before its first step: {unmet} of {len(findings)} not met.", "bad")


def show_json(terminal: Terminal, plan: Plan, findings: Sequence[Finding], course: Course, code: int) -> None:
    """Print the same as one JSON object a line: each precondition, each step with what is known of it, and the end."""
    for precondition, finding in zip(plan.preconditions, findings, strict=True):
        told = Precondition(
            kind=precondition.kind,
            text=plan.values.redactor().text(precondition.text()),
            outcome="met" if finding.met else "unmet",
            detail=finding.detail,
        )
        print_object(terminal, {"t": told.type, **to_record(told)})
    for planned in _chosen(plan, course):
        known = [text.rstrip("\n") for text, _ in _step(plan, planned)]
        step, applies = planned.step, planned.applicable
        print_object(
            terminal, {"t": "planned", "step": step.id, "kind": step.kind, "applicable": applies, "known": known}
        )
    print_object(terminal, {"t": "end", "exit_code": code, "reason": "nothing was run"})


def _chosen(plan: Plan, course: Course) -> Iterator[PlannedStep]:
    begun = course.begin is None
    for planned in plan.steps:
        begun = begun or planned.step.id == course.begin
        if begun and not course.leaves_out(planned.step.id):
            yield planned
        if planned.step.id == course.until:
            return


def _step(plan: Plan, planned: PlannedStep) -> Iterator[tuple[str, str]]:
    """Yield what is known of a step, as texts with styles."""
    step = planned.step
    if not planned.applicable:
        yield f"not applicable: {planned.reason}", "quiet"
        return
    values = plan.values.bound("each", "${each}") if step.attributes.each else plan.values
    if step.attributes.irreversible:
        yield f"POINT OF NO RETURN: `{step.id}` must be typed", "bad"
    if step.attributes.approve:
        yield f"must be approved by {Demand(step.attributes.approve, step.attributes.by).words()}", "warn"
    if question := shown(step.attributes.confirm, values, {}):
        yield f"asks: {question}", "warn"
    yield from _circumstances(step, values)
    if items := [item for item in planned.items if item is not None]:
        yield f"once for each of: {', '.join(items)}", "warn"
    before = _assigned(plan.steps[: planned.number - 1])
    for script in step.checks:
        yield from _script(plan, "check, which decides whether the step may begin", script, before)
    match step:
        case Block():
            yield from _script(plan, "runs" if step.checks else "", step.script, before)
        case ActionStep():
            yield from _action(plan, step)
        case _:
            yield f"a person does it: {step.text}", "warn"
    for script in step.verifies:
        yield from _script(plan, "verify, which decides whether the step is done", script, before)
    for script in step.undos:
        yield from _script(plan, "undo, which runs only when the step is rolled back", script, before)


def _circumstances(step: AnyStep, values: Values) -> Iterator[tuple[str, str]]:
    """Yield who may run a step, where, and what ends or repeats it."""
    attributes = step.attributes
    host, directory = (shown(text, values, {}) for text in (attributes.on, attributes.dir))
    said = [f"for the role {attributes.role}"] if attributes.role else []
    said += [f"on {host}"] if host else []
    said += [f"in {directory}"] if directory else []
    said += ["in a terminal of its own"] if attributes.tty else []
    said += [f"at most {format_duration(attributes.timeout)}"] if attributes.timeout else []
    said += [f"after a failure up to {attributes.retries} times more"] if attributes.retries else []
    said += [f"again until it succeeds, for at most {format_duration(attributes.wait)}"] if attributes.wait else []
    said += ["its failure may be accepted"] if attributes.optional else []
    if said:
        yield ", ".join(said), "warn"


def _assigned(steps: Sequence[PlannedStep]) -> frozenset[str]:
    """Return the variables that the bash blocks of these steps may leave to later ones."""
    blocks = (p.step.script for p in steps if p.applicable and isinstance(p.step, Block))
    return frozenset(name for script in blocks if script.language == "bash" for name in assigned(script.text))


def _script(plan: Plan, role: str, script: Script, before: frozenset[str]) -> Iterator[tuple[str, str]]:
    if role:
        yield f"{role}:", "quiet"
    yield script.text, "code"
    texts, later = plan.values.public(), []
    set_before = before - assigned(script.text)
    outputs = tuple(f"{step.id.replace('-', '_')}_" for step in plan.recipe.steps)
    for name in dict.fromkeys(VARIABLE.findall(script.text)):
        if name in plan.values.secrets:
            yield f"with {name} = (secret)", "quiet"
        elif name in texts:
            value = texts[name]
            yield f"with {name} = {value if isinstance(value, str) else ', '.join(value)}", "quiet"
        elif name in set_before or name.startswith(outputs):
            later.append(name)
    if later:
        yield f"known only when earlier steps have run: {', '.join(later)}", "warn"


def _action(plan: Plan, step: ActionStep) -> Iterator[tuple[str, str]]:
    yield f"action {step.action}", "quiet"
    if awaits_outputs(step):
        names = sorted({name for name, _ in step.arguments.references() if "." in name or name == "each"})
        yield step.source, "code"
        yield f"known only when earlier steps have run: {', '.join(names)}", "warn"
        return
    action = plan.actions[step.action]
    for text in action.preview(action_arguments(step, action.Arguments, plan.values, {})):
        yield plan.values.redactor().text(text), "code"
