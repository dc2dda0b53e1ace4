"""A plan on the screen: every step by number, what will be asked, and what cannot be taken back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from recipe_runner.console.terminal import Terminal
from recipe_runner.engine.plan import Plan, PlannedStep, confirmation

Cell = str | tuple[str, str]


def show(terminal: Terminal, plan: Plan, durations: Mapping[str, int]) -> None:
    """Print the plan as tables; `durations` gives the milliseconds that steps took in earlier runs."""
    terminal.say(plan.recipe.title, "strong")
    texts = plan.values.public()
    values: list[list[Cell]] = [
        [(p.name, "code"), _text(texts.get(p.name, "(secret)" if p.type == "secret" else "")), (p.type, "quiet")]
        for p in plan.recipe.params
    ]
    if values:
        terminal.say("")
        terminal.table(("parameter", "value", "type"), values)
    if plan.preconditions:
        terminal.say("")
        terminal.table(("precondition", ""), [[(p.kind, "code"), p.text()] for p in plan.preconditions])
    terminal.say("")
    rows: list[list[Cell]] = [_row(planned, plan, durations) for planned in plan.steps]
    terminal.table(("", "step", "kind", "notes", "took"), rows)
    total = sum(durations.values())
    if total:
        terminal.say("")
        terminal.say(f"About {_duration(total)} of work by earlier runs.", "quiet")


def as_data(plan: Plan, durations: Mapping[str, int]) -> dict[str, Any]:
    """Return the plan as JSON data."""
    return {
        "title": plan.recipe.title,
        "path": plan.recipe.sources[0].path,
        "sha256": plan.recipe.sources[0].sha256,
        "parameters": plan.values.public(),
        "secrets": sorted(plan.values.secrets),
        "preconditions": [{"kind": p.kind, "text": p.text()} for p in plan.preconditions],
        "steps": [_step(planned, plan, durations) for planned in plan.steps],
    }


def _step(planned: PlannedStep, plan: Plan, durations: Mapping[str, int]) -> dict[str, Any]:
    step, attributes = planned.step, planned.step.attributes
    return {
        "number": planned.number,
        "id": step.id,
        "kind": step.kind,
        "action": getattr(step, "action", None),
        "title": step.title,
        "path": step.span.path,
        "line": step.span.line,
        "applicable": planned.applicable,
        "when": str(attributes.when) if attributes.when else None,
        "items": [item for item in planned.items if item is not None],
        "irreversible": attributes.irreversible,
        "confirm": confirmation(step, plan.values),
        "approve": attributes.approve,
        "by": attributes.by,
        "role": attributes.role,
        "on": attributes.on,
        "optional": attributes.optional,
        "checks": len(step.checks),
        "verifies": len(step.verifies),
        "undos": len(step.undos),
        "timeout_s": attributes.timeout.total_seconds() if attributes.timeout else None,
        "estimate_ms": durations.get(step.id),
    }


def _row(planned: PlannedStep, plan: Plan, durations: Mapping[str, int]) -> list[Cell]:
    step, attributes = planned.step, planned.step.attributes
    notes: list[str] = []
    if not planned.applicable:
        notes.append(f"not applicable: {planned.reason}")
    if attributes.irreversible:
        notes.append("⚠ POINT OF NO RETURN")
    if question := confirmation(step, plan.values):
        notes.append(f"asks: {question}")
    if attributes.approve:
        notes.append(f"{attributes.approve} approvals{f' by {attributes.by}' if attributes.by else ''}")
    if attributes.each:
        notes.append(f"for each of {', '.join(filter(None, planned.items)) or 'nothing'}")
    notes += [f"{name} {value}" for name, value in (("on", attributes.on), ("role", attributes.role)) if value]
    notes += [word for word, there in (("optional", attributes.optional), ("can be undone", step.undos)) if there]
    style = "quiet" if not planned.applicable else "bad" if attributes.irreversible else ""
    took = _duration(durations[step.id]) if step.id in durations else ""
    kind = getattr(step, "action", None) or ("script" if step.kind == "block" else step.kind)
    number = (str(planned.number), "quiet")
    return [number, (step.id, style or "code"), (kind, "quiet"), ("; ".join(notes), style), took]


def _duration(milliseconds: int) -> str:
    minutes, seconds = divmod(milliseconds // 1000, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {seconds} s" if minutes else f"{seconds} s"


def _text(value: str | list[str]) -> str:
    return ", ".join(value) if isinstance(value, list) else value
