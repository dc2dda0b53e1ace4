from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.recipe_runner.journal.runs import RUN, genesis, write_run
from tests.support.command import recipe

VECTORS = Path(__file__).parents[2] / "fixtures" / "journals"
POLICY = VECTORS / "policy.toml"


def vector(name: str) -> Path:
    """Return a run of the test vectors."""
    return VECTORS / name / RUN


@pytest.mark.parametrize(
    ("name", "code", "word"),
    [("valid", 0, "VALID"), ("edited", 1, "INVALID"), ("torn", 2, "INCOMPLETE"), ("other-key", 3, "UNTRUSTED")],
)
def test_the_verdict_is_the_first_word_and_the_exit_code(name: str, code: int, word: str) -> None:
    """Each verdict has its word and its code, and a reason unless there is nothing to find fault with."""
    done = recipe("verify", vector(name), "--policy", POLICY)
    assert (done.returncode, done.stdout.split()[0], done.stderr) == (code, word, "")
    assert ("  - " in done.stdout) == (word != "VALID")


def test_a_good_report_says_what_it_rests_on() -> None:
    """The report names the recipe with its sha256, the signer by fingerprint, and that no time is trusted."""
    said = recipe("verify", vector("valid"), "--policy", POLICY).stdout
    fingerprint = json.loads((vector("valid") / "journal.jsonl").read_text().splitlines()[0])["signer"]["primary"]
    for text in (RUN, "small.md", "d" * 64, fingerprint, "trusted time none"):
        assert text in said
    assert "friend" not in said


def test_json_has_verdict_and_reasons() -> None:
    """With --json there is one object for programs, whatever the verdict."""
    for name in ("valid", "edited", "torn", "unsigned"):
        data = json.loads(recipe("verify", vector(name), "--policy", POLICY, "--json").stdout)
        listed = json.loads((VECTORS / "verdicts.json").read_text())[name]["verdict"]
        assert data["verdict"] == listed
        assert bool(data["reasons"]) == (listed != "VALID")


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["{run}"],
        ["--policy", "{policy}"],
        ["{run}", "--policy", "{policy}", "--more"],
        ["/nowhere", "--policy", "{policy}"],
        ["{run}", "--policy", "/nowhere"],
        ["{run}", "--policy", "{run}/journal.jsonl"],
    ],
)
def test_without_a_verdict_the_code_is_4(arguments: list[str]) -> None:
    """Wrong usage, a missing run, and a missing or unreadable policy all end with 4 and words on standard error."""
    filled = [text.format(run=vector("valid"), policy=POLICY) for text in arguments]
    done = recipe("verify", *filled)
    assert (done.returncode, done.stdout) == (4, "")
    assert "rror" in done.stderr
    assert "Traceback" not in done.stderr


def test_json_also_answers_without_a_verdict() -> None:
    """A program that asked for JSON gets JSON even when the run cannot be read."""
    done = recipe("verify", "/nowhere", "--policy", POLICY, "--json")
    assert done.returncode == 4
    assert json.loads(done.stdout)["verdict"] == "ERROR"


def test_hostile_text_does_not_reach_the_terminal(tmp_path: Path) -> None:
    """Names in a journal that hold terminal escapes are shown made visible."""
    hostile = {"name": "\x1b[2Jsmall\u202e.md", "sha256": "d" * 64, "size": 42}
    run = write_run(tmp_path / "run", None, first=genesis(recipe=hostile))
    done = recipe("verify", run, "--policy", POLICY, environ={"LC_ALL": "C.UTF-8"})
    assert done.returncode == 3
    assert not set(done.stdout) & {"\x1b", "\u202e"}
    assert "\\u{1b}[2Jsmall\\u{202e}.md" in done.stdout
