from __future__ import annotations

from pathlib import Path

import pytest

from recipe_runner.console import proposals
from recipe_runner.console.terminal import Terminal
from recipe_runner.language.proposal import Finding, Proposal


def shown(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *findings: Finding) -> str:
    monkeypatch.setenv("COLUMNS", "120")
    proposals.show(Terminal(), Proposal("", findings), Path("out.md"))
    return capsys.readouterr().out


def test_each_part_has_a_row(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """What runs is shown with its id, what was left with the reason; a long line is cut."""
    out = shown(
        capsys,
        monkeypatch,
        Finding(3, "step", "make-dist", "make dist", "shell commands"),
        Finding(7, "left", None, "x" * 200, "no language"),
        Finding(9, "manual", "ask", "Ask\nthem", "a task item"),
    )
    assert " 3     step    #make-dist   make dist" in out
    assert f" 7     left    no language  {'x' * 60}… " in out
    assert " 9     manual  #ask         Ask them" in out
    assert out.endswith("out.md: 1 block, 1 manual item, 1 fence left alone\n")


def test_nothing_in_a_document_moves_the_cursor(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An escape sequence in a command is shown as what it is."""
    out = shown(capsys, monkeypatch, Finding(1, "left", None, "a\x1b[2Jb", "no language"))
    assert "a\\u{1b}[2Jb" in out


def test_a_document_without_steps_says_so(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """No empty table, only the count."""
    assert shown(capsys, monkeypatch) == "out.md: 0 blocks, 0 manual items, 0 fences left alone\n"
