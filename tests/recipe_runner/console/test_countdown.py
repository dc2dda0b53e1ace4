from __future__ import annotations

import io

from recipe_runner.console.countdown import Countdown
from recipe_runner.console.terminal import Terminal
from recipe_runner.engine.events import Waiting


def test_a_log_tells_each_wait_once() -> None:
    """However much is written meanwhile, a wait is told as it begins, for each sub-run, and the next one too."""
    terminal = Terminal(plain=True)
    terminal.out.file = sent = io.StringIO()
    shown = Countdown(terminal)
    for item, left in (("a", 4.0), ("b", 4.0), ("a", 3.0), ("b", 2.5), ("a", 0.0), ("a", 4.0), ("a", 3.5)):
        shown.show(Waiting("s", "trying again", 4.0, left, item))
        shown.clear()
    assert sent.getvalue().split("\n") == [*(f"  … trying again [{item}], 4 s" for item in "aba"), ""]


def test_what_is_looked_at_all_the_time_has_no_count() -> None:
    """A wait of a tenth of a second that comes again and again, such as one for a connection, is told once."""
    terminal = Terminal(plain=True)
    terminal.out.file = sent = io.StringIO()
    shown = Countdown(terminal)
    for left in (0.0, 0.09, 0.0):
        shown.show(Waiting("s", "connecting to north", 0.1, left))
        shown.clear()
    assert sent.getvalue() == "  … connecting to north\n"
