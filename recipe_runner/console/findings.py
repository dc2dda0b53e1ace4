"""What was found of a plan's preconditions, as a table."""

from __future__ import annotations

from collections.abc import Sequence

from recipe_runner.console.terminal import Terminal
from recipe_runner.engine.plan import Plan
from recipe_runner.engine.preconditions.world import Finding


def show(terminal: Terminal, plan: Plan, findings: Sequence[Finding]) -> None:
    """Print every precondition of a plan, whether it is met, and what was seen; nothing where there is none."""
    clean = plan.values.redactor().text
    rows: list[list[str | tuple[str, str]]] = [
        [("✓ met", "good") if f.met else ("✗ not met", "bad"), clean(p.text()), (f.detail, "quiet")]
        for p, f in zip(plan.preconditions, findings, strict=True)
    ]
    if rows:
        terminal.table(("", "precondition", "found"), rows)
