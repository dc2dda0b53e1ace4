from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from recipe_runner.console.diagnostics import render
from recipe_runner.errors import Diagnostic, Span


def excerpt(text: str, column: int, length: int, width: int) -> tuple[str, str]:
    """Return the source line and the line of carets."""
    shown = render(Diagnostic("amiss", Span("r.md", 7, column, length, text)), width=width).plain.split("\n")
    return shown[1], shown[2]


def test_a_long_line_is_shown_around_its_fault() -> None:
    """What stands far to the right is still on the screen, with the carets below it."""
    line, carets = excerpt("x" * 300 + "FAULT" + "y" * 300, 301, 5, 60)
    assert line[carets.index("^") : carets.rindex("^") + 1] == "FAULT"
    assert line.startswith("  7 │ …x")
    assert line.endswith("y…")


@given(st.text(min_size=1, max_size=120), st.integers(1, 130), st.integers(1, 130), st.integers(30, 90))
def test_no_excerpt_is_wider_than_the_screen(text: str, column: int, length: int, width: int) -> None:
    """Whatever the line holds, it and its carets fit the width, and a caret is always there."""
    line, carets = excerpt(text, column, length, width)
    assert max(cell_len(line), len(carets)) <= width
    assert "^" in carets
