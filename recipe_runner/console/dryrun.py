"""What a run would do: the true commands with what they would find, and what cannot be known yet."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from recipe_runner.console import findings as table
from recipe_runner.console.terminal import Terminal
from recipe_runner.engine.approval import Demand
from recipe_runner.engine.course import Course
from recipe_runner.engine.plan import Plan, PlannedStep, action_arguments, awaits_outputs, confirmation
from recipe_runner.engine.preconditions.base import Finding
from recipe_runner.language.model import ActionStep, Block, Script

VARIABLE = re.compile(r"\$\{?#?([A-Za-z_][A-Za-z0-9_]*)")


def show(terminal: Terminal, plan: Plan, findings: Sequence[Finding], course: Course) -> None:
    """Print every precondition with what was found, and every step with what it would do."""
    terminal.say(plan.recipe.title, "strong")
    terminal.say("Nothing is run; this is what a run would do.", "quiet")
    table.show(terminal, plan.preconditions, findings)
    for planned in _chosen(plan, course):
        terminal.say("")
        terminal.rule(f"{planned.number}/{len(plan.steps)} {planned.step.id} · {planned.step.title}")
        for text, style in _step(plan, planned):
            terminal.say("\n".join(f"  {row}" for row in text.rstrip("\n").split("\n")), style)
    unmet = sum(not finding.met for finding in findings)
    if unmet:
        terminal.say("")
        terminal.say(f"A run would stop before its first step: {unmet} of {len(findings)} not met.", "bad")


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
    if step.attributes.irreversible:
        yield f"POINT OF NO RETURN: `{step.id}` must be typed", "bad"
    if step.attributes.approve:
        yield f"must be approved by {Demand(step.attributes.approve, step.attributes.by).words()}", "warn"
    if question := confirmation(step, plan.values, {}):
        yield f"asks: {question}", "warn"
    if items := [item for item in planned.items if item is not None]:
        yield f"once for each of: {', '.join(items)}", "warn"
    for script in step.checks:
        yield from _script(plan, "check", script)
    match step:
        case Block():
            yield from _script(plan, "", step.script)
        case ActionStep():
            yield from _action(plan, step)
        case _:
            yield f"a person does it: {step.text}", "warn"
    for script in step.verifies:
        yield from _script(plan, "verify", script)


def _script(plan: Plan, role: str, script: Script) -> Iterator[tuple[str, str]]:
    if role:
        yield f"{role}:", "quiet"
    yield script.text, "code"
    texts, later = plan.values.public(), []
    for name in dict.fromkeys(VARIABLE.findall(script.text)):
        if name in plan.values.secrets:
            yield f"with {name} = (secret)", "quiet"
        elif name in texts:
            value = texts[name]
            yield f"with {name} = {value if isinstance(value, str) else ', '.join(value)}", "quiet"
        elif any(name.startswith(f"{other.id.replace('-', '_')}_") for other in plan.recipe.steps):
            later.append(name)
    if later:
        yield f"known only when earlier steps have run: {', '.join(later)}", "warn"


def _action(plan: Plan, step: ActionStep) -> Iterator[tuple[str, str]]:
    yield f"action {step.action}", "quiet"
    if awaits_outputs(step):
        names = sorted({name for name, _ in step.arguments.references() if "." in name or name == "each"})
        yield f"known only when earlier steps have run: {', '.join(names)}", "warn"
        return
    action = plan.actions[step.action]
    for text in action.preview(action_arguments(step, action.Arguments, plan.values, {})):
        yield text, "code"
