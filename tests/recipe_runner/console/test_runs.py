from __future__ import annotations

from pathlib import Path

import pytest

from recipe_runner.console import runs
from recipe_runner.console.runs import ListedRun
from recipe_runner.console.terminal import Terminal
from recipe_runner.journal.reading.glance import Glance
from recipe_runner.journal.verification.verdict import Verdict
from tests.recipe_runner.journal.runs import genesis, write_run


def listed(directory: Path, title: str = "Publish Karmic alpha 3 to EC2", verdict: Verdict | None = None) -> ListedRun:
    """Write a run and list it."""
    first = genesis(recipe={"name": "r.md", "title": title, "sha256": "d" * 64})
    glance = Glance.at(write_run(directory, None, first=first))
    return ListedRun(directory, glance, "done", verdict)


def test_a_pipe_gets_a_row_each(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """However narrow the screen, programs read one line a run, and an unsigned run is said to be untrusted."""
    runs.show(Terminal(), [listed(tmp_path / "0123456789abcdef"), listed(tmp_path / "0123456789abdddd")])
    head, first, second = capsys.readouterr().out.splitlines()
    assert head.split()[:3] == ["run", "state", "verdict"]
    assert first.startswith("0123456789abc  done   UNTRUSTED unsigned  1/1    ")
    assert second.endswith("  me@here  Publish Karmic alpha 3 to EC2")


def test_a_narrow_screen_gets_two_rows_each(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """At a terminal of 80 columns no row is wider than that; a long title ends in dots."""
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr(Terminal, "interactive", True)
    runs.show(Terminal(), [listed(tmp_path / "run", "x" * 200, Verdict.INVALID)])
    rows = capsys.readouterr().out.splitlines()
    assert len(rows) == 4
    assert max(map(len, rows)) == 80
    assert "INVALID unsigned" in rows[2]
    assert rows[3].startswith("  me@here  xxx")
    assert rows[3].endswith("x…")


def test_names_and_titles_are_made_safe(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A directory's name and a recipe's title cannot move the cursor or forge a row."""
    runs.show(Terminal(), [listed(tmp_path / "\x1b[2Jr\nun\u202e", "\x1b]0;owned\x07\nt")])
    said = capsys.readouterr().out
    assert len(said.splitlines()) == 2
    assert not set(said) & {"\x1b", "\u202e", "\x07"}
