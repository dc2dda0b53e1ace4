"""Whatever a file holds, it is read in time linear in its size, and ends in a recipe or in faults."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from recipe_runner.errors import Diagnostic, InvalidRecipeError
from recipe_runner.language.checks.static import check
from recipe_runner.language.parse import parse, survey
from recipe_runner.language.proposal import propose
from tests.recipe_runner.language.cases import ACTIONS, PRECONDITIONS

PIECES = (
    "---\n", "recipe: 1\n", "params:\n  a: {type: int}\n", "requires: [{command: x}]\n", "# A\n", "- [ ] a ",
    "1. ", "> ", "    ", "\t", "```", "```\n", "~~~\n", "bash ", "python ", "yaml ", "console ", "{#a}", "{#b ",
    "}", ".check ", "for=a", "when='a in b' ", 'confirm="${a}" ', "each=a ", "action=publish ", "image: ${a}\n",
    "echo $a\n", "$ ls\n", ">>> x\n", "<details>\n", "<!--\n", "-->\n", '[x](b.md "include")\n', "\n", "\r\n",
    "\r", "\n\n", "|a|\n|-|\n", "[", "]", "*", "`", "&x ", "*x ", "!!t ", "\ufeff", "\u2028", "\x85", "\x0b",
    "\0", "\x1b[2J", "\u202e", "é", "日本", "\\", '"', "'", "${", "$${",
)  # fmt: skip
TEXTS = st.lists(st.sampled_from(PIECES) | st.text(max_size=3), max_size=40).map("".join)


def well_formed(fault: Diagnostic) -> bool:
    """Tell whether a fault is complete, on one line, safe to show, and stands inside its line."""
    span = fault.span
    return (
        fault.code is not None
        and bool(fault.hint)
        and fault.message.isprintable()
        and (fault.hint or "").isprintable()
        and span is not None
        and span.line >= 1
        and 1 <= span.column <= len(span.text) + 1
        and 1 <= span.length <= max(1, len(span.text) - span.column + 1)
    )


@settings(max_examples=400, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(TEXTS, TEXTS)
def test_any_text_is_a_recipe_or_has_faults(main: str, included: str) -> None:
    """Pieces of recipes in any order give a recipe with distinct ids, or faults that can be shown as they are."""
    data = main.encode("utf-8", "replace")
    recipe, faults = survey("recipe.md", data, read=lambda _: included.encode("utf-8", "replace"))
    more = check(recipe, actions=ACTIONS, preconditions=PRECONDITIONS)
    assert [fault for fault in (*faults, *more) if not well_formed(fault)] == []
    if not faults:
        assert len({step.id for step in recipe.steps}) == len(recipe.steps)
        assert [step.digest for step in parse("recipe.md", data, read=lambda _: included.encode()).steps] == [
            step.digest for step in recipe.steps
        ]


@given(st.binary(max_size=200))
def test_any_bytes_are_a_recipe_or_have_faults(data: bytes) -> None:
    """Arbitrary bytes never cause another exception, from the parser or from the import."""
    survey("recipe.md", data)
    try:
        propose("recipe.md", data, console=True)
    except InvalidRecipeError as error:
        assert error.diagnostics  # noqa: PT017 (either outcome is right, a third is not)


@settings(max_examples=200, deadline=None)
@given(TEXTS)
def test_a_proposal_keeps_every_other_byte(text: str) -> None:
    """Without transcripts, a proposal differs from the document only by what it reports as steps."""
    data = text.encode("utf-8", "replace").replace(b"\0", b"")
    proposal = propose("x.md", data)
    ids = [f.id for f in proposal.report if f.verdict == "step"]
    bare = proposal.text
    for name in ids:
        bare = bare.replace(f" {{#{name}}}", "", 1)
    assert bare.encode() == data


SHAPES: dict[str, Callable[[int], str]] = {
    "steps": lambda n: "".join(f"text\n\n```bash {{#s{i} timeout=5m}}\necho $s\n```\n\n" for i in range(n)),
    "one id": lambda n: "```bash {#a}\nls\n```\n" * n,
    "scripts": lambda n: "```bash {#a}\nls\n```\n" + "```bash {.check for=a}\nls\n```\n\ntext\n\n" * n,
    "items": lambda n: "- [ ] x\n" * n,
    "nested items": lambda n: "- a\n    - [ ] x\n" * n,
    "braces in an item": lambda n: f"- [ ] {' {#a' * n}\n",
    "references in an item": lambda n: f"- [ ] {' {a=${' * n}\n",
    "attributes": lambda n: f"```bash {{{'#a ' * n}}}\nls\n```\n",
    "quotes": lambda n: "```bash {" + 'a="b ' * n + "}\nls\n```\n",
    "unknown keys": lambda n: "---\nrecipe: 1\n" + "".join(f"k{i}: 1\n" for i in range(n)) + "---\n",
    "open brackets": lambda n: f"---\nrecipe: {'[' * n}\n---\n",
    "wrong defaults": lambda n: (
        "---\nrecipe: 1\nparams:\n" + "".join(f"  k{i}: {{type: int, default: x}}\n" for i in range(n)) + "---\n"
    ),
    "undeclared": lambda n: "```bash {#a}\n" + "echo $foo\n" * n + "```\n",
    "prompts": lambda n: "```bash {#a}\n" + "$ x\n" * n + "```\n",
    "substitutions": lambda n: f"```bash {{#a}}\n{'$(' * n}\n```\n",
    "quotations": lambda n: f"```bash {{#a}}\n{chr(36) + chr(39) + chr(92) + chr(39)}{'x' * n}\n```\n",
    "here-documents": lambda n: "```bash {#a}\n" + "cat <<A\n$x\nA\n" * n + "```\n",
    "subscripts": lambda n: f"```bash {{#a}}\n{'a[' * n} $x\n```\n",
    "yaml references": lambda n: "```yaml {#a action=publish}\nimage: |\n" + "  ${x} ${\n" * n + "```\n",
    "includes": lambda n: '[a](b.md "include")\n\n' * n,
    "brackets": lambda n: f"{'[' * n}include\n\n- [ ] {'[' * n}\n",
    "emphasis": lambda n: f"- [ ] {'*a **b ' * n}\n",
    "quoted": lambda n: f"{'> ' * n}a\n",
    "listed": lambda n: f"{'- ' * n}a\n",
    "raw html": lambda n: "<details>\n" + "```bash {#\n" * n,
    "python": lambda n: "```python {#a}\n" + ">>> x\n" * n + "```\n",
    "prose": lambda n: "Some *prose* with [a link](https://example.org/).\n\n" * n,
    "headings": lambda n: "# a\n\ntext\n\n" * n + "- [ ] x\n",
}


@pytest.mark.parametrize("shape", SHAPES)
def test_time_is_linear(shape: str) -> None:
    """Eight times as much of anything takes about eight times as long, not sixty-four."""

    def seconds(n: int) -> float:
        data = SHAPES[shape](n).encode()
        best = float("inf")
        for _ in range(2):
            before = time.process_time()
            recipe, _ = survey("recipe.md", data, read=lambda _: b"")
            check(recipe, actions=ACTIONS, preconditions=PRECONDITIONS)
            best = min(best, time.process_time() - before)
        return best

    gc.disable()
    try:
        small, large = seconds(250), seconds(2000)
    finally:
        gc.enable()
    assert large < 24 * small + 0.05
