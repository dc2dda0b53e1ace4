from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from recipe_runner.console.terminal import Terminal
from recipe_runner.console.verdict import show
from recipe_runner.journal.verification.verdict import Doubt, Facts, Report, Verdict

FACTS = Facts(run="ab" * 16, recipe="a.md", recipe_sha256="c" * 64, outcome="done", signers=("A" * 40,), records=8)


def shown(report: Report, *, colour: bool = False) -> str:
    """Return what is printed for a report."""
    terminal = Terminal()
    terminal.out = Console(file=io.StringIO(), force_terminal=colour, soft_wrap=True, highlight=False, width=200)
    show(terminal, Path("runs/x"), report)
    file = terminal.out.file
    assert isinstance(file, io.StringIO)
    return file.getvalue()


@pytest.mark.parametrize("verdict", list(Verdict))
def test_the_verdict_stands_first_and_in_plain_letters(verdict: Verdict) -> None:
    """Without colour the report is ASCII and begins with the verdict."""
    doubts = [] if verdict is Verdict.VALID else [Doubt(verdict, "a reason", 3)]
    text = shown(Report.of(doubts, FACTS))
    assert text.startswith(f"{verdict.value}  ")
    assert text.isascii()
    assert ("record 3: a reason" in text) == bool(doubts)


def test_green_is_for_valid_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """VALID is green, INVALID red; the words say the same without the colours."""
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    assert "\x1b[1;32mVALID" in shown(Report.of([], FACTS), colour=True)
    assert "\x1b[1;31mINVALID" in shown(Report.of([Doubt(Verdict.INVALID, "x")], FACTS), colour=True)


def test_text_from_a_journal_is_made_visible() -> None:
    """Escapes in a recipe's name or in a reason are shown as what they are."""
    facts = Facts(run="\x1b]0;x\x07", recipe="\u202egnp", recipe_sha256="\x9b31m")
    text = shown(Report.of([Doubt(Verdict.INVALID, "step `\x1b[31m`")], facts))
    assert not set(text) & {"\x1b", "\x07", "\x9b", "\u202e"}
