from __future__ import annotations

import pytest

from recipe_runner.errors import Span
from recipe_runner.language.checks.python_code import check_python
from recipe_runner.language.model import Script


def faults(text: str) -> list[tuple[str, int, int]]:
    script = Script(language="python", text=text, span=Span("x.md", 10), first_line=11)
    return [(f.message, f.span.line, f.span.column) for f in check_python(script) if f.span]


def test_sound_code() -> None:
    """Code that compiles has no faults, and what would only warn is none."""
    assert faults("import os\nprint(os.environ['x'], '\\d', 1 is 1)\n") == []


def test_syntax_errors() -> None:
    """A syntax error stands at its line and column, and lines in its words are the file's."""
    assert faults("x = 1\ny = (\n") == [("python: `(` was never closed", 12, 5)]
    assert faults("if x:\ny\n")[0][0] == "python: expected an indented block after `if` statement on line 11"


def test_prompts() -> None:
    """A pasted session is recognised, with each of its prompts."""
    assert faults(">>> if x:\n...     y\n1\n") == [
        ("found the prompt `>>>` in the code", 11, 1), ("found the prompt `...` in the code", 12, 1),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "text",
    ["(" * 5000, "x=" + "-" * 200_000 + "1", "a" + ".a" * 100_000, "[" * 150 + "]" * 150, "return 1\n", "é = 'ü\n"],
)
def test_code_beyond_reason(text: str) -> None:
    """Code that the interpreter cannot take is a fault and nothing worse."""
    assert len(faults(text)) <= 1
