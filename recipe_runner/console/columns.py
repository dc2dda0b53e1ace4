"""Rows of cells set in columns, for tables of any length."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.text import Text

GAP = 2
"""Blanks between two columns."""


def widths_of(rows: Sequence[Sequence[Text]]) -> list[int]:
    """Return the width of each column."""
    return [max(cell.cell_len for cell in column) for column in zip(*rows, strict=True)]


def aligned(rows: Sequence[Sequence[Text]], widths: Sequence[int]) -> Iterator[Text]:
    """Yield each row as one text that ends with its last word."""
    for cells in rows:
        row = Text()
        for cell, width in zip(cells, widths, strict=True):
            row.append_text(cell)
            row.append(" " * (width - cell.cell_len + GAP))
        row.rstrip()
        yield row
