from __future__ import annotations

from datetime import timedelta

import pytest

from recipe_runner.console import tallies
from recipe_runner.console.terminal import Terminal
from recipe_runner.journal.reading.tally import Tally


def step(name: str, *, ran: int = 1, skipped: int = 0, seconds: int = 1, recipe: str = "Release") -> Tally:
    """Count a step."""
    took = timedelta(seconds=seconds) if ran else None
    return Tally(recipe, name, 3, ran, 0, skipped, 0, took, took)


def test_what_stands_out_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    """The slowest, the most skipped and those that never ran are named below the table."""
    steps = [step("build", seconds=90), step("test", seconds=30), step("mirror", ran=0, skipped=3)]
    tallies.show(Terminal(plain=True), steps)
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "Release"
    assert said[2].split() == ["build", "3", "1", "0", "0", "0", "1", "min", "30", "s", "1", "min", "30", "s"]
    assert "  slowest      build (1 min 30 s), test (30 s)" in said
    assert "  most skipped mirror (3×)" in said
    assert "  never run    mirror" in said


def test_recipes_stand_apart_and_text_is_made_safe(capsys: pytest.CaptureFixture[str]) -> None:
    """Each recipe has a table of its own, and names of many steps are counted, not listed."""
    steps = [step(f"s{n}", ran=0, recipe="\x1b[31mred\nx") for n in range(9)]
    tallies.show(Terminal(plain=True), [*steps, step("build")])
    said = capsys.readouterr().out
    assert "  never run    s0, s1, s2, s3, s4 and 4 more\n" in said
    assert "\\u{1b}[31mred\\u{a}x\n" in said
    assert "\x1b" not in said


def test_nothing_is_printed_of_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    """Without runs there is no table."""
    tallies.show(Terminal(plain=True), [])
    assert capsys.readouterr().out == ""
