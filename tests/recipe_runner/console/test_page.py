from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from recipe_runner.console import page
from recipe_runner.console.terminal import Terminal
from recipe_runner.language.header import read_header
from recipe_runner.language.parse import survey
from recipe_runner.language.source import Document


def shown(text: str, *, plain: bool = False) -> str:
    data = text.encode()
    terminal = Terminal(plain=plain)
    terminal.out = Console(width=60, highlight=False, markup=False, emoji=False, color_system=None, record=True)
    document = Document.decode("r.md", data)
    with terminal.out.capture() as capture:
        page.body(terminal, survey("r.md", data)[0], document, read_header(document).first_line)
    return capture.get()


def test_only_what_runs_has_a_frame() -> None:
    """A reader sees at once which code is a step."""
    out = shown("```bash\nsample\n```\n\n```bash {#one}\nreal\n```\n")
    sample, _, real = out.partition("one")
    assert "sample" in sample
    assert "│" not in sample.split("╭")[0]
    assert "│ real" in real


@pytest.mark.parametrize("prefix", ["", "> ", "  "])
def test_steps_are_found_in_any_container(prefix: str) -> None:
    """In quotes and under list items as well."""
    lead = "- item\n\n" if prefix == "  " else ""
    text = lead + "".join(f"{prefix}{row}\n" for row in ("```bash {#one timeout=5m}", "real", "```"))
    assert "▶ one · bash" in shown(text)


def test_an_item_of_several_lines_is_one_item() -> None:
    """The box becomes a box with the id, the braces on the last line go."""
    out = shown("- [ ] Ask the\n  team {#ask}\n- [x] Go {#go optional=}\n")
    assert " • ☐ ask · Ask the team" in out


def test_a_text_with_brackets_keeps_them() -> None:
    """Neither other brackets of an item nor list items without a box are touched."""
    out = shown("- [ ] see [x] in `a[ ]`\n- plain [ ] item\n")
    assert "see [x] in a[ ]" in out
    assert "plain [ ] item" in out


@given(st.text(alphabet=st.sampled_from("ab `#{}[]-=>!*_\n\t\\<&|~:1.x"), max_size=200), st.booleans())
def test_any_text_can_be_shown(text: str, plain: bool) -> None:
    """No document makes the page fail."""
    shown(text, plain=plain)
