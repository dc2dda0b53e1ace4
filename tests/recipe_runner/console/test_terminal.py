from __future__ import annotations

import pytest
from rich.console import Console

from recipe_runner.console.terminal import Terminal


@pytest.mark.parametrize("right", ["", "00:01"])
@pytest.mark.parametrize("width", [40, 80])
def test_a_rule_shows_its_title_across_the_screen(width: int, right: str) -> None:
    """Whether or not something stands at its right end."""
    terminal = Terminal()
    terminal.out = Console(width=width, force_terminal=True, color_system=None)
    with terminal.out.capture() as capture:
        terminal.rule("1/3 greet · Say hello", right)
    (row,) = capture.get().rstrip("\n").splitlines()
    assert "1/3 greet · Say hello ──" in row
    assert row.rstrip().endswith(right or "─")
    assert len(row.rstrip()) >= width - 2
