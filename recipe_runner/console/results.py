"""How steps and their scripts ended, one line each with what they hand on."""

from __future__ import annotations

from rich.text import Text

from recipe_runner.console.columns import hanging
from recipe_runner.console.terminal import Terminal, styled
from recipe_runner.engine.events import Skip, StepEnd
from recipe_runner.engine.processes.process import Ended
from recipe_runner.sanitise import line

ROLES = {"check": "check", "verify": "verification", "undo": "undo", "shell": "shell", "run": ""}
SKIPS = {"done": "done by hand", "already-done": "already done", "skipped": "skipped"}


def show_end(terminal: Terminal, event: StepEnd) -> None:
    """Say how an attempt, a script or a shell ended, and with which outputs."""
    if event.outcome == "interrupted" and terminal.interactive:
        terminal.raw("\r\x1b[K")
    role = ROLES[event.role]
    took = (f"  {event.duration_ms / 1000:.1f} s", "dim")
    item = f" [{line(event.item)}]" if event.item is not None else ""
    if event.role == "shell":
        terminal.put(Text.assemble("  – shell closed", took))
    elif event.outcome == "ok":
        words = f"{role} passed{item}" if role else f"done{item}"
        terminal.put(Text.assemble(("  ✓ ", "green"), words, took))
    else:
        ended = Ended(event.outcome, event.exit_code, event.signal, event.duration_ms)
        how = Text.assemble(f"{role or event.step}{item} {ended.words()}", took)
        hanging(terminal, Text("  ✗ ", "bold red"), how)
    for name, value in event.outputs.items():
        shown = value if isinstance(value, str) else ", ".join(value)
        terminal.put(Text.assemble((f"    {line(name)} = ", "dim"), line(shown)))


def show_skip(terminal: Terminal, event: Skip, *, by_hand: bool) -> None:
    """Say why a step did not run; that a person has done one that is done `by_hand` is how it should be."""
    reason = f": {line(event.reason)}" if event.reason else ""
    if event.kind == "not-applicable":
        hanging(terminal, styled("  – ", "quiet"), styled(f"not applicable{reason}", "quiet"))
    elif event.kind == "done" and by_hand:
        hanging(terminal, Text("  ✓ ", "green"), Text(f"done by hand{reason}"))
    else:
        item = f" [{line(event.item)}]" if event.item else ""
        hanging(terminal, styled("  – ", "warn"), styled(f"{SKIPS.get(event.kind, event.kind)}{item}{reason}", "warn"))
