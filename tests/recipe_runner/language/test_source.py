from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recipe_runner.errors import InvalidRecipeError, Span
from recipe_runner.language.source import Document, Passage


def fault(data: bytes) -> tuple[str | None, Span]:
    with pytest.raises(InvalidRecipeError) as raised:
        Document.decode("x.md", data)
    [diagnostic] = raised.value.diagnostics
    assert diagnostic.span is not None
    return diagnostic.code, diagnostic.span


def test_lines_end_as_in_commonmark() -> None:
    """LF, CR LF and CR end lines; other Unicode separators do not, and a byte order mark is no character."""
    document = Document.decode("x.md", "\ufeffa\r\nb\rc\nd\u2028e\x0bf".encode())
    assert document.lines == ("a", "b", "c", "d\u2028e\x0bf")


def test_a_byte_that_is_not_utf8_is_pointed_at() -> None:
    """The fault stands at the line and character of the first bad byte."""
    code, span = fault("é\nüb".encode() + b"\xffer\nx")
    assert (code, span.line, span.column, span.text) == ("R001", 2, 3, "üb\ufffder")


def test_utf16_is_named() -> None:
    """A file in UTF-16 is recognised by its mark."""
    code, span = fault("a".encode("utf-16"))
    assert (code, span.line) == ("R001", 1)


def test_nul_is_a_fault() -> None:
    """A NUL character is pointed at."""
    code, span = fault(b"a\nbc\0")
    assert (code, span.line, span.column) == ("R002", 2, 3)


@given(st.lists(st.text(st.characters(exclude_characters="\r\n\0", exclude_categories=["Cs"]))))
def test_decoding_gives_the_lines_back(lines: list[str]) -> None:
    """Lines joined by any line end are read back."""
    for end in ("\n", "\r\n", "\r"):
        text = end.join(lines)
        assert Document.decode("x", text.encode()).lines == tuple(end.join(lines).removeprefix("\ufeff").split(end))


@pytest.mark.parametrize(
    ("line", "row", "column"),
    [("   abc", "abc", 4), ("> > abc", "abc", 5), ("\tabc", "  abc", 1), ("abc", "abc", 1), ("- abc", "abc", 3)],
)
def test_columns_are_counted_from_the_end(line: str, row: str, column: int) -> None:
    """A row's characters are found in its line whatever its container put in front, tabs turned to spaces included."""
    passage = Passage("x.md", (row,), 7, (line,))
    span = passage.span(0, row.index("a"), 2)
    assert (span.line, span.column if line[0] != "\t" else span.column - 1, span.text) == (7, column, line)
    assert line[span.column - 1 : span.column + 1] == "ab"


@given(st.integers(-3, 9), st.integers(0, 9), st.none() | st.integers(0, 9))
def test_spans_never_leave_the_passage(row: int, column: int, length: int | None) -> None:
    """Any row and column give a place inside the lines."""
    span = Passage("x", ("abc", "", "d"), 5, ("> abc", ">", "> d")).span(row, column, length)
    assert 5 <= span.line <= 7
    assert 1 <= span.column <= len(span.text) + 1
    assert span.length >= 1
