from __future__ import annotations

import json

import pytest

from recipe_runner.console import outline
from recipe_runner.console.terminal import Terminal
from recipe_runner.engine.forecast import Forecast, forecast
from recipe_runner.engine.values import resolve
from recipe_runner.language.parse import parse

TEXT = """---
recipe: 1
title: "Release\x1b[2J"
---
```bash {#a approve=2 by=release-team role=manager on=host dir=/srv .optional wait=5m}
true
```

```bash {.undo for=a}
true
```

- [ ] Ask {#ask}
  - [ ] the kernel team {#kernel}
"""


def seen(text: str = TEXT) -> Forecast:
    recipe = parse("r.md", text.replace("\x1b", "\\e").encode())
    values = resolve(recipe.params, given={}, file={}, environ={})
    return forecast(recipe, values, missing=(), actions={}, preconditions={})


def test_every_note_of_a_step_is_there(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Approvals, role, host, directory, patience, what may fail and what can be undone; sub-items are indented."""
    monkeypatch.setenv("COLUMNS", "120")
    outline.show(Terminal(), seen(), {})
    out = capsys.readouterr().out
    for words in (
        "2 signatures by release-team",
        "run by manager",
        "on host",
        "in /srv",
        "waits up to 5m",
        "optional, can be undone",
        " 2  ask  ",
        " 3    kernel  ",
    ):
        assert words in out, out


def test_nothing_in_a_title_moves_the_cursor(capsys: pytest.CaptureFixture[str]) -> None:
    """An escape sequence is shown as what it is."""
    outline.show(Terminal(), seen(), {})
    out = capsys.readouterr().out
    assert "\x1b" not in out
    assert "Release\\u{1b}[2J" in out


@pytest.mark.parametrize(
    ("milliseconds", "words"),
    [(40, "0.0 s"), (1500, "1.5 s"), (59_000, "59 s"), (61_000, "1 min 1 s"), (7_260_000, "2 h 1 min")],
)
def test_times_are_as_precise_as_they_are_useful(
    capsys: pytest.CaptureFixture[str], milliseconds: int, words: str
) -> None:
    """Tenths below ten seconds, seconds below an hour, minutes above."""
    outline.show(Terminal(), seen(), {"a": milliseconds})
    assert f"About {words} of machine time for 1 of 3 steps, by earlier runs." in capsys.readouterr().out


def test_the_data_are_json() -> None:
    """Every value of the JSON form can be written as JSON, and read back equal."""
    data = outline.as_data(seen(), {"a": 5})
    assert json.loads(json.dumps(data)) == data
    assert data["steps"][0]["estimate_ms"] == data["estimate_ms"] == 5
