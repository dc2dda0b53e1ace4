from __future__ import annotations

import io
import re

from rich.console import Console

from recipe_runner.console.lanes import Lanes
from recipe_runner.console.terminal import Terminal
from recipe_runner.engine.events import Output, StepEnd

WIDTH = 60


def test_a_long_line_of_output_leaves_room_for_whose_it_is() -> None:
    """Mark, name and time stay, however much a sub-run writes and however wide its characters; a long name is cut."""
    terminal = Terminal()
    terminal.out = Console(file=io.StringIO(), force_terminal=True, width=WIDTH, color_system=None)
    lanes = Lanes(terminal)
    names = ("ann", "東京", "a-region-with-a-name-that-goes-on")
    for name in names:
        lanes.begin(name)
        lanes.feed(Output("a", "stdout", f"{name} {'日本語 of ' * 20}\n".encode(), 0, name))
        lanes.end(StepEnd(step="a", item=name, duration_ms=2100))
    terminal.out.file = sent = io.StringIO()
    lanes.finish(terminal)
    rows = re.sub(r"\x1b\[[0-?]*[@-~]", "", sent.getvalue()).replace("\r", "\n").split("\n")
    shown = [row for row in rows if row.strip()][-len(names) :]
    for row, name in zip(shown, ("ann ", "東京 ", "a-region-with-a-nam… "), strict=True):
        assert row.startswith(f"  ✓ {name}"), shown
        assert " 2.1 s " in row
