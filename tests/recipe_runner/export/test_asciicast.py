from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from recipe_runner.engine.events import Close, Output, StepEnd, StepStart
from recipe_runner.export.asciicast import asciicast
from recipe_runner.export.subject import Subject
from tests.recipe_runner.export.exported import subject
from tests.recipe_runner.journal.runs import genesis, write_run

ASCIINEMA = Path(sys.executable).with_name("asciinema")
SECOND = 10**9
EVENTS = (
    StepStart(step="a", item="one"),
    StepStart(step="a", item="two"),
    Output("a", "stdout", b"\x1b[2J\x1b]0;owned\x07first\n", 1 * SECOND, item="one"),
    Output("a", "stderr", "zw\xf6lf".encode()[:3], 2 * SECOND, item="two"),
    Output("a", "stdout", b"third\n", 3 * SECOND, item="one"),
    Output("a", "stderr", "zw\xf6lf".encode()[3:], 4 * SECOND, item="two"),
    StepEnd(step="a", item="two", duration_ms=4000),
    StepEnd(step="a", item="one", duration_ms=3000),
    Close(outcome="done", done=1, skipped=0, total=1),
)


@pytest.fixture
def run(tmp_path: Path) -> Subject:
    """Write a run of two commands side by side, one of which attacks the terminal."""
    return subject(write_run(tmp_path / "run", None, EVENTS, genesis(recipe={"name": "r.md", "title": "T\x1b[0m"})))


def cast(run: Subject, *, raw: bool = False) -> tuple[dict[str, Any], list[list[Any]]]:
    """Read a recording back."""
    header, *events = (json.loads(row) for row in "".join(asciicast(run, raw=raw)).splitlines())
    return header, events


def test_output_comes_in_the_order_of_its_time(run: Subject) -> None:
    """Commands side by side are woven together by their own clocks, characters across pieces are whole."""
    header, events = cast(run)
    assert (header["version"], header["idle_time_limit"], header["title"]) == (2, 2, "T\\u{1b}[0m")
    assert [at for at, *_ in events] == sorted(at for at, *_ in events)
    text = "".join(text for _, code, text in events if code == "o")
    places = [text.index(word) for word in ("first", "zw", "third", "\xf6lf")]
    assert places == sorted(places)
    assert [text for _, code, text in events if code == "m"] == ["a [one] begins", "a [two] begins"]
    times = {text: at for at, _, text in events}
    assert 0.99 < times["third\r\n"] - times["first\r\n"] - 1 < 1.01


def test_only_raw_recordings_hold_escape_sequences(run: Subject) -> None:
    """What a command wrote cannot move the cursor or set a title, unless the very bytes are asked for."""
    texts = [text for _, code, text in cast(run)[1] if code == "o" and "begins" not in text and "first" in text]
    assert texts == ["first\r\n"]
    assert any("\x1b[2J\x1b]0;owned\x07first" in text for _, _, text in cast(run, raw=True)[1])


def test_asciinema_plays_it(run: Subject, tmp_path: Path) -> None:
    """The stock player prints what the commands wrote."""
    file = tmp_path / "run.cast"
    file.write_text("".join(asciicast(run)))
    environ = {"HOME": str(tmp_path), "TERM": "xterm", "LC_ALL": "C.UTF-8"}
    for arguments in (["cat"], ["play", "--speed", "1000", "--idle-time-limit", "0.01"]):
        done = subprocess.run(
            [ASCIINEMA, *arguments, file], env=environ, stdin=subprocess.DEVNULL, capture_output=True, check=False
        )
        assert done.returncode == 0, done.stderr
        assert b"first\r\n" in done.stdout
        assert b"third\r\n" in done.stdout


def test_a_lost_blob_is_said_in_the_recording(run: Subject) -> None:
    """Where what was written is gone, the reason takes its place, and the rest goes on."""
    for blob in (run.directory / "blobs").iterdir():
        blob.unlink()
    text = "".join(text for _, _, text in cast(run)[1])
    assert "cannot be read" in text
    assert "run done" in text
