"""What was found of a plan's preconditions, as a table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from recipe_runner.console.terminal import Terminal
from recipe_runner.engine.preconditions.world import Finding

if TYPE_CHECKING:
    from recipe_runner.engine.preconditions.base import Precondition


def show(terminal: Terminal, preconditions: Sequence[Precondition], findings: Sequence[Finding]) -> None:
    """Print every precondition, whether it is met, and what was seen; nothing where there is none."""
    rows: list[list[str | tuple[str, str]]] = [
        [("✓ met", "good") if f.met else ("✗ not met", "bad"), p.text(), (f.detail, "quiet")]
        for p, f in zip(preconditions, findings, strict=True)
    ]
    if rows:
        terminal.table(("", "precondition", "found"), rows)
