"""The bytes of a recipe as numbered lines, and pieces of them that still know where they stand."""

from __future__ import annotations

import hashlib
import re

from msgspec import Struct

from recipe_runner.errors import Diagnostic, InvalidRecipeError, Span
from recipe_runner.language.codes import Code

LINE_END = re.compile(r"\r\n?|\n")
"""What CommonMark calls a line ending; a Unicode line separator is an ordinary character."""
BOM = "\ufeff"
WIDE_BOMS = {b"\xff\xfe": "UTF-16", b"\xfe\xff": "UTF-16"}


class Document(Struct, frozen=True):
    """A whole file as text: its lines without their ends, and what its bytes were."""

    path: str
    lines: tuple[str, ...]
    sha256: str
    size: int

    @classmethod
    def decode(cls, path: str, data: bytes) -> Document:
        """Read bytes as UTF-8, with or without a byte order mark, with any line ends; raises InvalidRecipeError."""
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError as error:
            raise InvalidRecipeError(_undecodable(path, data, error)) from None
        lines = tuple(LINE_END.split(text.removeprefix(BOM)))
        if faults := [_control(path, number, line) for number, line in enumerate(lines, 1) if "\0" in line]:
            raise InvalidRecipeError(*faults)
        return cls(path, lines, hashlib.sha256(data).hexdigest(), len(data))

    def span(self, line: int, column: int = 0, length: int | None = None) -> Span:
        """Return the place at `line` (from 1) and `column` (from 0); without a length the rest of the line."""
        text = self.lines[line - 1] if line <= len(self.lines) else ""
        return Span(
            self.path, line, column + 1, max(1, len(text.rstrip()) - column if length is None else length), text
        )

    def passage(self, rows: tuple[str, ...], first_line: int) -> Passage:
        """Return `rows`, taken from the lines that begin at `first_line`, with their places."""
        return Passage(self.path, rows, first_line, self.lines[first_line - 1 : first_line - 1 + len(rows)])


class Passage(Struct, frozen=True):
    """Text taken out of a file together with the lines it came from.

    Each of `rows` stands on the line of the same index in `lines`, which are the file's own and may have a container's
    indentation or `> ` in front; `first_line` is the number of the first in the file, from 1.
    """

    path: str
    rows: tuple[str, ...]
    first_line: int
    lines: tuple[str, ...]

    @property
    def text(self) -> str:
        """The rows as one text."""
        return "\n".join(self.rows)

    def span(self, row: int, column: int = 0, length: int | None = None) -> Span:
        """Return the place in the file of `length` characters at `row` and `column`, both from 0.

        Without a length the rest of the line. A row and its line end alike whatever stands in front, tabs turned into
        spaces included, so columns are counted from the end.
        """
        row = max(0, min(row, len(self.rows) - 1, len(self.lines) - 1))
        mine = self.rows[row] if self.rows else ""
        theirs = self.lines[row] if self.lines else mine
        column = min(column, len(mine))
        if length is None:
            length = len(mine.rstrip()) - column
        start = max(0, len(theirs) - len(mine) + column)
        return Span(self.path, self.first_line + row, start + 1, max(1, length), theirs)


def _undecodable(path: str, data: bytes, error: UnicodeDecodeError) -> Diagnostic:
    for mark, name in WIDE_BOMS.items():
        if data.startswith(mark):
            return Diagnostic(
                f"the file is {name}, wanted UTF-8", Span(path, 1), "save the file as UTF-8", Code.NOT_UTF8
            )
    before = LINE_END.split(data[: error.start].decode("utf-8"))
    rest = data[error.start :].split(b"\n", 1)[0].decode("utf-8", "replace")
    column = len(before[-1].removeprefix(BOM) if len(before) == 1 else before[-1])
    text = before[-1].removeprefix(BOM) + rest.rstrip("\r")
    return Diagnostic(
        f"found the byte `0x{data[error.start]:02x}`, wanted UTF-8 text",
        Span(path, len(before), column + 1, 1, text),
        "save the file as UTF-8",
        Code.NOT_UTF8,
    )


def _control(path: str, number: int, line: str) -> Diagnostic:
    return Diagnostic(
        "found a NUL character, wanted text",
        Span(path, number, line.index("\0") + 1, 1, line),
        "remove it, or check that this is a Markdown file",
        Code.NUL,
    )
