"""A forecast on the screen: every step by number, what will be asked, and what cannot be taken back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from recipe_runner.console.terminal import Terminal
from recipe_runner.engine.forecast import Forecast, ForeseenStep
from recipe_runner.language.durations import format_duration
from recipe_runner.language.model import ActionStep, Manual
from recipe_runner.language.parameters import Parameter

Cell = str | tuple[str, str]
Durations = Mapping[str, int]
"""Step id → milliseconds."""


def show(terminal: Terminal, forecast: Forecast, durations: Durations) -> None:
    """Print the forecast as tables; `durations` is what the steps took in earlier runs."""
    terminal.say(forecast.recipe.title, "strong")
    _parameters(terminal, forecast)
    if forecast.requirements:
        terminal.say("")
        rows: list[list[Cell]] = [
            [requirement.text, (_depends(requirement.depends), "warn")] for requirement in forecast.requirements
        ]
        terminal.table(("precondition", ""), rows)
    terminal.say("")
    columns = ("", "step", "kind", "notes", *(("took",) if durations else ()))
    terminal.table(columns, [_row(foreseen, durations)[: len(columns)] for foreseen in forecast.steps])
    _summary(terminal, forecast, durations)


def as_data(forecast: Forecast, durations: Durations) -> dict[str, Any]:
    """Return the forecast as JSON data; no secret is in it."""
    source = forecast.recipe.sources[0]
    return {
        "title": forecast.recipe.title,
        "path": source.path,
        "sha256": source.sha256,
        "parameters": forecast.values.public(),
        "missing": [parameter.name for parameter in forecast.missing],
        "secrets": sorted(forecast.values.secrets),
        "preconditions": [
            {"kind": r.kind, "text": r.text, "depends_on": list(r.depends)} for r in forecast.requirements
        ],
        "steps": [_step(foreseen, durations) for foreseen in forecast.steps],
        "estimate_ms": _total(forecast, durations) if durations else None,
    }


def _step(foreseen: ForeseenStep, durations: Durations) -> dict[str, Any]:
    step, attributes = foreseen.step, foreseen.step.attributes
    return {
        "number": foreseen.number,
        "id": step.id,
        "kind": step.kind,
        "action": step.action if isinstance(step, ActionStep) else None,
        "title": step.title,
        "headings": list(step.headings),
        "path": step.span.path,
        "line": step.span.line,
        "applicable": foreseen.applies,
        "when": str(attributes.when) if attributes.when else None,
        "depends_on": list(foreseen.depends),
        "each": attributes.each,
        "items": None if foreseen.items is None else list(foreseen.items),
        "parallel": attributes.parallel,
        "irreversible": attributes.irreversible,
        "confirm": foreseen.question,
        "approve": attributes.approve,
        "by": attributes.by,
        "role": attributes.role,
        "on": attributes.on,
        "optional": attributes.optional,
        "checks": len(step.checks),
        "verifies": len(step.verifies),
        "undos": len(step.undos),
        "timeout_s": attributes.timeout.total_seconds() if attributes.timeout else None,
        "wait_s": attributes.wait.total_seconds() if attributes.wait else None,
        "retries": attributes.retries,
        "preview": list(foreseen.preview),
        "estimate_ms": durations.get(step.id),
    }


def _parameters(terminal: Terminal, forecast: Forecast) -> None:
    missing = {parameter.name for parameter in forecast.missing}
    rows = [_parameter(p, forecast, missing=p.name in missing) for p in forecast.recipe.params]
    if rows:
        terminal.say("")
        terminal.table(("parameter", "value", "type", ""), rows)


def _parameter(parameter: Parameter, forecast: Forecast, *, missing: bool) -> list[Cell]:
    name, kind, help_ = (parameter.name, "code"), (parameter.type, "quiet"), (parameter.help, "quiet")
    if parameter.type == "secret":
        source = f"from {parameter.env}, or asked" if parameter.env else "asked"
        return [name, (f"secret, {source}", "quiet"), kind, help_]
    if missing:
        return [name, ("missing", "warn"), kind, help_]
    value = forecast.values.texts.get(parameter.name, "")
    text = value if isinstance(value, str) else ", ".join(value)
    return [name, text or ("empty", "quiet"), kind, help_]


def _row(foreseen: ForeseenStep, durations: Durations) -> list[Cell]:
    step = foreseen.step
    irreversible = step.attributes.irreversible
    style = "quiet" if foreseen.applies is False else "bad" if irreversible else ""
    kind = step.action if isinstance(step, ActionStep) else step.kind
    notes = [*_notes(foreseen), *foreseen.preview]
    if isinstance(step, Manual):
        notes.insert(0, step.title)
    took = _duration(durations[step.id]) if step.id in durations and foreseen.applies is not False else ""
    indent = "  " * step.depth if isinstance(step, Manual) else ""
    return [
        (str(foreseen.number), "quiet"),
        (f"{indent}{step.id}", style or "code"),
        (kind, "quiet"),
        ("\n".join(notes), style),
        took,
    ]


def _notes(foreseen: ForeseenStep) -> list[str]:
    """Say, a line each, what makes a step more than its code."""
    attributes = foreseen.step.attributes
    notes: list[str] = []
    if foreseen.applies is False:
        notes.append(f"not applicable: only when {attributes.when}")
    elif foreseen.applies is None:
        notes.append(f"{_depends(foreseen.depends)}: only when {attributes.when}")
    if attributes.irreversible:
        notes.append("⚠ point of no return")
    if foreseen.question:
        notes.append(f"asks: {foreseen.question}")
    if attributes.approve:
        signatures = "signature" if attributes.approve == 1 else "signatures"
        notes.append(f"{attributes.approve} {signatures} by {attributes.by or 'others'}")
    if attributes.role:
        notes.append(f"run by {attributes.role}")
    if attributes.each:
        notes.append(_each(foreseen, attributes.each))
    notes += [f"{word} {value}" for word, value in (("on", attributes.on), ("in", attributes.dir)) if value]
    if attributes.wait:
        notes.append(f"waits up to {format_duration(attributes.wait)}")
    words = (
        ("optional", attributes.optional),
        ("checked before", foreseen.step.checks),
        ("verified after", foreseen.step.verifies),
        ("can be undone", foreseen.step.undos),
    )
    if there := ", ".join(word for word, is_there in words if is_there):
        notes.append(there)
    return notes


def _each(foreseen: ForeseenStep, name: str) -> str:
    if foreseen.items is None:
        return f"for each of `{name}`"
    return f"for each of {', '.join(foreseen.items) or 'nothing'}"


def _summary(terminal: Terminal, forecast: Forecast, durations: Durations) -> None:
    if durations:
        terminal.say("")
        known = sum(step.step.id in durations for step in forecast.steps)
        of = f" for {known} of {len(forecast.steps)} steps" if known < len(forecast.steps) else ""
        terminal.say(f"About {_duration(_total(forecast, durations))} of machine time{of}, by earlier runs.", "quiet")
    if forecast.missing:
        terminal.say("")
        given = " ".join(f"-p {p.name}=…" for p in forecast.missing)
        count = len(forecast.missing)
        terminal.say(f"{count} {'value is' if count == 1 else 'values are'} missing: add {given}", "warn")


def _total(forecast: Forecast, durations: Durations) -> int:
    return sum(durations.get(step.step.id, 0) for step in forecast.steps if step.applies is not False)


def _depends(names: tuple[str, ...]) -> str:
    return f"depends on {', '.join(names)}" if names else ""


def _duration(milliseconds: int) -> str:
    minutes, seconds = divmod(milliseconds // 1000, 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    if minutes:
        return f"{minutes} min {seconds} s"
    return f"{seconds} s" if milliseconds >= 10_000 else f"{milliseconds / 1000:.1f} s"  # noqa: PLR2004
