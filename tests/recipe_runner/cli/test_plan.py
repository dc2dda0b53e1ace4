from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.command import recipe

TEXT = """---
recipe: 1
params:
  channel: {type: choice, choices: [beta, release], help: Where it goes}
  place: {type: path, help: A directory}
  mirrors: {type: list, default: [one, two]}
  token: {type: secret, env: PLAN_TOKEN}
  site: {type: url, default: "https://example.org/"}
requires:
  - command: bash
  - dir: ${place}
---

# Release

```bash {#build timeout=5m}
echo "$place $token"
```

```bash {#mirror each=mirrors when="channel == release"}
echo "$each"
```

```bash {.verify for=mirror}
true
```

```yaml {#look action=http.check}
url: ${site}
```

```bash {#go .irreversible confirm="Publish ${channel} from ${place}?"}
true
```

- [ ] Tell the users {#tell}
"""


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "r.md").write_text(TEXT)
    return tmp_path


def planned(place: Path, *arguments: str, environ: dict[str, str] | None = None) -> dict[str, Any]:
    done = recipe("plan", "r.md", "--json", "--runs", "runs", *arguments, directory=place, environ=environ)
    assert done.returncode == 0, done.stderr
    data: dict[str, Any] = json.loads(done.stdout)
    return data


def test_a_plan_needs_no_values(place: Path) -> None:
    """What is missing is named, and what depends on it stays open; nothing is run or asked."""
    data = planned(place)
    steps = {step["id"]: step for step in data["steps"]}
    assert data["missing"] == ["channel", "place"]
    assert [(p["text"], p["depends_on"]) for p in data["preconditions"]] == [
        ("command `bash`", []),
        ("dir: ${place}", ["place"]),
    ]
    assert (steps["mirror"]["applicable"], steps["mirror"]["depends_on"]) == (None, ["channel"])
    assert steps["go"]["confirm"] == "Publish ${channel} from ${place}?"
    assert steps["mirror"]["items"] == ["one", "two"]
    assert data["estimate_ms"] is None


def test_values_settle_what_was_open(place: Path) -> None:
    """With all values nothing is missing, conditions are decided and questions are as they will be asked."""
    data = planned(place, "-p", "channel=beta", "-p", f"place={place}")
    steps = {step["id"]: step for step in data["steps"]}
    assert data["missing"] == []
    assert steps["mirror"]["applicable"] is False
    assert steps["go"]["confirm"] == f"Publish beta from {place}?"
    assert steps["look"]["preview"] == ["GET https://example.org/, wanted: status 200"]
    assert all(precondition["depends_on"] == [] for precondition in data["preconditions"])


def test_no_secret_is_shown(place: Path) -> None:
    """A secret that stands ready in the environment appears in neither form of the plan."""
    secret = {"PLAN_TOKEN": "a-secret-of-some-length"}
    data = planned(place, environ=secret)
    assert data["secrets"] == ["token"]
    assert secret["PLAN_TOKEN"] not in json.dumps(data)
    shown = recipe("plan", "r.md", directory=place, environ=secret)
    assert shown.returncode == 0
    assert secret["PLAN_TOKEN"] not in shown.stdout + shown.stderr


def test_the_text_says_what_matters(place: Path) -> None:
    """Numbers, kinds, conditions, questions, the point of no return, and how to give what is missing."""
    done = recipe("plan", "r.md", "--runs", "runs", directory=place)
    assert done.returncode == 0, done.stderr
    for words in (
        "1  build   block",
        "depends on channel: only when channel == 'release'",
        "for each of one, two",
        "verified after",
        "http.check",
        "⚠ point of no return",
        "asks: Publish ${channel} from ${place}?",
        "Tell the users",
        "secret, from PLAN_TOKEN, or asked",
        "2 values are missing: add -p channel=… -p place=…",
    ):
        assert words in done.stdout, done.stdout
    assert "took" not in done.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["-p", "channel=gamma"], "`gamma`"),
        (["-p", "chanel=beta"], "did you mean `channel`"),
        (["-p", "token=abcdefgh"], "must not stand on a command line"),
        (["-p", "site=ftp://example.org/"], "r.md:29:"),
        (["--params-file", "missing.yaml"], "missing.yaml"),
    ],
)
def test_a_wrong_value_is_refused(place: Path, arguments: list[str], words: str) -> None:
    """Exit code 2 and the cause in words, as a run would say it."""
    done = recipe("plan", "r.md", *arguments, directory=place)
    assert done.returncode == 2, done.stdout
    assert words in done.stderr


def test_earlier_runs_say_how_long_it_takes(tmp_path: Path) -> None:
    """A step with the same text has an estimate, a changed one has none; damaged journals are passed over."""
    file = tmp_path / "r.md"
    text = "```python {#one}\nimport time\ntime.sleep(0.2)\n```\n\n```bash {#two}\ntrue\n```\n"
    file.write_text(text)
    runs = tmp_path / "runs"
    assert recipe("run", file, "--yes", "--no-sign", "--runs", runs).returncode == 0
    (runs / "damaged").mkdir()
    (runs / "damaged/journal.jsonl").write_text("not a journal\n")
    file.write_text(text.replace("true\n", "true; true\n"))
    data = json.loads(recipe("plan", file, "--json", "--runs", runs).stdout)
    estimates = {step["id"]: step["estimate_ms"] for step in data["steps"]}
    assert estimates["two"] is None
    assert 200 <= estimates["one"] <= 20_000
    assert data["estimate_ms"] == estimates["one"]
    shown = recipe("plan", file, "--runs", runs).stdout
    assert "of machine time for 1 of 2 steps, by earlier runs." in shown


def test_a_faulty_recipe_has_no_plan(tmp_path: Path) -> None:
    """The faults are shown instead, as `recipe check` does."""
    (tmp_path / "r.md").write_text("```bash {#One}\n```\n")
    done = recipe("plan", "r.md", "--json", directory=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert "r.md:1:10: error[R041]" in done.stderr
