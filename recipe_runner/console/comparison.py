"""How two runs differ, on the screen."""

from __future__ import annotations

from collections.abc import Sequence

from recipe_runner.console.terminal import Terminal
from recipe_runner.journal.reading.comparison import Change

STYLES = {"+": "good", "-": "bad", "@": "code"}


def show(terminal: Terminal, changes: Sequence[Change], diff: Sequence[str]) -> None:
    """Print a table of what differs, then the recipes' diff."""
    if not changes and not diff:
        terminal.say("The runs do not differ.")
        return
    rows = [
        [(c.kind, "quiet"), (c.name, "code"), c.before or ("–", "quiet"), c.after or ("–", "quiet")] for c in changes
    ]
    terminal.table(("differs", "of", "first", "second"), rows)
    if diff:
        terminal.say("")
    for row in diff:
        terminal.say(row, STYLES.get(row[:1], ""))
