"""Text set in columns: tables of any length, and words that stay behind a margin."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.text import Text

from recipe_runner.console.terminal import Terminal

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


def hanging(terminal: Terminal, margin: Text, words: Text) -> None:
    """Print words behind a margin; further rows, and those of a screen too narrow for them, stay behind it, too."""
    room = terminal.out.width - margin.cell_len
    for row in words.split(allow_blank=True):
        narrow = terminal.interactive and row.cell_len > room > margin.cell_len
        for part in row.wrap(terminal.out, room) if narrow else (row,):
            shown = Text.assemble(margin, part)
            shown.rstrip()
            terminal.put(shown)
            margin = Text(" " * margin.cell_len)
