from __future__ import annotations

from pathlib import Path

import pytest

from recipe_runner.console.editor import edit


def editor(tmp_path: Path, code: str) -> str:
    """Make an editor that does this to the file `$1`."""
    script = tmp_path / "editor"
    script.write_text(f"#!/bin/sh\n{code}\n")
    script.chmod(0o755)
    return str(script)


def test_what_the_editor_writes_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The text as the editor leaves it comes back byte for byte, also from one that puts a new file in its place."""
    monkeypatch.setenv("VISUAL", editor(tmp_path, 'printf "\\377 new" > "$1.tmp"; mv "$1.tmp" "$1"'))
    assert edit("old\n").encode("utf-8", "surrogateescape") == b"\xff new"


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("exit 3", "ended with exit code 3"),
        ("kill -9 $$", "ended with exit code -9"),
        ('rm "$1"', "`step.txt`: No such file or directory"),
    ],
)
def test_an_editor_that_fails_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str, why: str
) -> None:
    """Why it did not work is said in words, and what the editor may have written is not used."""
    monkeypatch.setenv("VISUAL", editor(tmp_path, f'echo changed > "$1"; {code}'))
    with pytest.raises(ValueError, match=why):
        edit("old\n")


@pytest.mark.parametrize(("command", "why"), [("/no/such", "`such`: No such file"), ("vi '", "is no command")])
def test_an_editor_that_is_none_is_told(monkeypatch: pytest.MonkeyPatch, command: str, why: str) -> None:
    """A variable that names no program, or is no command at all, ends in a sentence and not in a traceback."""
    monkeypatch.setenv("VISUAL", command)
    with pytest.raises(ValueError, match=why):
        edit("old\n")
