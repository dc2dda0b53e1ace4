from __future__ import annotations

import io

from recipe_runner.console.gutter import Gutter
from recipe_runner.console.terminal import Terminal
from recipe_runner.engine.events import Output


def test_a_name_cannot_forge_a_row() -> None:
    """The value that stands before a sub-run's output stays on that row, whatever it holds."""
    terminal = Terminal(plain=True)
    terminal.out.file = sent = io.StringIO()
    Gutter(terminal).feed(Output("a", "stdout", b"text\n", 0, "x\n== 9/9 forged\x1b[2J"))
    assert sent.getvalue() == "  | [x\\u{a}== 9/9 forged\\u{1b}[2J] text\n"
