from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from recipe_runner.sanitise import line, visible
from recipe_runner.site.markdown import code_span, escaped, fenced, first_line

MARKDOWN = MarkdownIt("commonmark")
TEXT = st.text(st.sampled_from("ab1.`*_<>&[]()!#+-=|~\\:/@ \n\t\x1b\u202e"))


@given(TEXT)
def test_escaped_text_means_itself(text: str) -> None:
    """A line of Markdown made of any text is one paragraph of that text, without links or emphasis."""
    (inline,) = [token for token in MARKDOWN.parse(f"x {escaped(text)} x") if token.type == "inline"]
    parts = inline.children or []
    assert {part.type for part in parts} <= {"text", "text_special"}
    assert "".join(part.content for part in parts) == f"x {line(text)} x"


@given(TEXT)
def test_a_fence_holds_its_text(text: str) -> None:
    """No text ends the block of code that it is put into."""
    tokens = MARKDOWN.parse(str(fenced(text)))
    assert [token.type for token in tokens] == ["fence"]
    assert tokens[0].content.rstrip("\n") == visible(text).rstrip("\n")


@given(TEXT.filter(lambda text: text.strip() and "|" not in text))
def test_a_span_holds_its_text(text: str) -> None:
    """No text ends the code span that it is put into."""
    (inline,) = [token for token in MARKDOWN.parse(f"x {code_span(text)} x") if token.type == "inline"]
    assert [part.content.strip() for part in inline.children or [] if part.type == "code_inline"] == [
        line(text).strip()
    ]


def test_of_many_lines_the_first_is_shown() -> None:
    """A mark says that there is more."""
    assert first_line("\none\ntwo\n") == "one …"
    assert first_line("one\n") == "one"
