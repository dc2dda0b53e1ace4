"""Faults as a person reads them: place, message, the source line with a caret run, and what to do."""

from __future__ import annotations

from collections.abc import Iterable

from rich.cells import cell_len, set_cell_size
from rich.text import Text

from recipe_runner.console.terminal import Terminal
from recipe_runner.errors import Diagnostic, Span
from recipe_runner.sanitise import line

TAB = 4
LOG = 200
"""How wide a source line may be where no screen limits it."""


def show(terminal: Terminal, diagnostics: Iterable[Diagnostic], *, label: str = "error") -> None:
    """Print diagnostics to standard error."""
    width = terminal.err.width if terminal.err.is_terminal else LOG
    for diagnostic in diagnostics:
        terminal.err.print(render(diagnostic, label=label, width=width))


def render(diagnostic: Diagnostic, *, label: str = "error", width: int = LOG) -> Text:
    """Return one diagnostic as styled text of several lines; of a source line wider than `width` a part is shown."""
    text = Text()
    span = diagnostic.span
    if span is not None:
        text.append(f"{line(span.path)}:{span.line}:{span.column}: ", "bold")
    code = f"[{diagnostic.code}]" if diagnostic.code else ""
    text.append(f"{label}{code}: ", "bold red" if label == "error" else "bold yellow")
    text.append(line(diagnostic.message))
    if span is not None and span.text:
        text.append_text(_excerpt(span, width))
    if diagnostic.hint:
        text.append("\n  hint: ", "cyan")
        text.append(line(diagnostic.hint))
    return text


def _excerpt(span: Span, width: int) -> Text:
    number = str(span.line)
    start = min(span.column - 1, len(span.text))
    end = min(start + max(1, span.length), max(len(span.text), start + 1))
    room = max(20, width - len(number) - 5)
    marked = _cut(_shown(span.text[start:end]), room * 2 // 3)
    room -= max(1, cell_len(marked))
    before, after = _shown(span.text[:start]), _shown(span.text[end:])
    if cell_len(before) + cell_len(after) > room:
        before = _cut(before[::-1], max(room - cell_len(after), room // 2))[::-1]
        after = _cut(after, room - cell_len(before))
    text = Text()
    text.append(f"\n  {number} │ ", "dim")
    text.append(before + marked + after)
    text.append(f"\n  {' ' * len(number)} │ ", "dim")
    text.append(" " * cell_len(before))
    text.append("^" * max(1, cell_len(marked)), "bold red")
    return text


def _cut(text: str, room: int) -> str:
    return text if cell_len(text) <= room else set_cell_size(text, room - 1) + "…"


def _shown(text: str) -> str:
    return line(text.replace("\t", " " * TAB))
