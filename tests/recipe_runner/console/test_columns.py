from __future__ import annotations

import io

import pytest
from rich.console import Console
from rich.text import Text

from recipe_runner.console.columns import hanging
from recipe_runner.console.terminal import Terminal


@pytest.mark.parametrize(
    ("interactive", "rows"),
    [
        (True, ["- one two", "  three", "", "  four", "-"]),
        (False, ["- one two three", "", "  four", "-"]),
    ],
)
def test_words_stay_behind_their_margin(*, interactive: bool, rows: list[str]) -> None:
    """Rows of their own do, and on a screen those that are wrapped; a log gets each row whole, and no text a row."""
    terminal = Terminal(plain=True)
    terminal.interactive = interactive
    terminal.out = Console(file=io.StringIO(), width=10, color_system=None)
    terminal.out.file = sent = io.StringIO()
    for words in ("one two three\n\nfour", ""):
        hanging(terminal, Text("- "), Text(words))
    assert [row.rstrip() for row in sent.getvalue().splitlines()] == rows
