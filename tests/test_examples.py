from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.support.command import only_run, recipe, records
from tests.support.keyring import gpg
from tests.support.people import somebody

EXAMPLES = Path(__file__).parents[1] / "examples"
SECRET = "a-token-of-the-tracker"
ANSWERS = {"optional": "nice-to-have: [run, {accept: nobody lives there}]\n'*': run\n"}
"""Answers files of the examples that `--yes` alone does not take to their end."""
MORE = {"irreversible": ("--accept", "publish")}
SAID: dict[str, Sequence[str]] = {
    "each": ["copied to us-east-1", "copied to eu-west-1", "copied to ap-south-1"],
    "hello": ["Hello, world!", "I said: Hello, world!"],
    "include": ["before", "Hello, world!", "after"],
    "irreversible": ["nobody can see it yet", "everybody can see it"],
    "manual": ["done by hand"],
    "optional": ["the mirror in Antarctica does not answer", "nobody lives there", "going on"],
    "outputs": ["publishing 1.2.0:", "Second line."],
    "python": ["the total is 7"],
    "requires": ["writable directory"],
    "roles": ["check passed", "verification passed"],
    "secrets": ["the token is [secret]"],
    "state": ["/usr", "* 1.2.0 of kernel installer"],
    "wait": ["not yet", "trying again"],
    "when": ["this is a beta", "not applicable: when channel != 'beta'", "not applicable: when mirrors"],
}
"""What each example prints, in this order."""


def test_every_example_is_run() -> None:
    """An example that no test runs would rot."""
    assert {path.stem for path in EXAMPLES.glob("*.md")} == {*SAID, "approval"}


def test_the_example_of_approvals_waits_for_somebody_else(tmp_path: Path) -> None:
    """The example's promise: nothing is announced before another person has signed, and then it is."""
    with somebody("ann") as ann, somebody("ben") as ben:
        gpg(ann.home, "--import", given=gpg(ben.home, "--armor", "--export", ben.key))
        stopped = ann.does("run", EXAMPLES / "approval.md", "--yes", "--runs", "runs", directory=tmp_path)
        assert (stopped.returncode, "sending" in stopped.stdout) == (5, False)
        run = only_run(tmp_path / "runs")
        (request,) = (run / "requests").iterdir()
        details = json.loads(request.read_text())["record"]["details"]
        assert details == ['with announcement = "Version 1.2.0 is out."']
        done = ann.does("resume", run, "--yes", "--approval", ben.approves(request, tmp_path), directory=tmp_path)
        assert (done.returncode, "sending: Version 1.2.0 is out." in done.stdout) == (0, True), done.stderr


@pytest.mark.parametrize("name", sorted(SAID))
def test_an_example_runs_to_its_end(tmp_path: Path, name: str) -> None:
    """Each example passes `recipe check`, and does in a run what its text promises."""
    file = EXAMPLES / f"{name}.md"
    place = tmp_path / "place"
    place.mkdir()
    answers = tmp_path / "answers.yaml"
    answers.write_text(ANSWERS.get(name, ""))
    operator = ["--answers", str(answers)] if name in ANSWERS else ["--yes", *MORE.get(name, ())]
    given = ["-p", f"place={place}"] if "\n  place:" in file.read_text() else []
    checked = recipe("check", file)
    assert checked.returncode == 0, checked.stderr
    runs = tmp_path / "runs"
    done = recipe(
        "run", file, *given, *operator, "--no-sign", "--runs", runs, "--plain", environ={"TRACKER_TOKEN": SECRET}
    )
    assert done.returncode == 0, done.stdout + done.stderr
    rest = done.stdout
    for text in SAID[name]:
        assert text in rest, done.stdout
        rest = rest.partition(text)[2]
    assert records(only_run(runs))[-1]["t"] == "close"


def test_a_point_of_no_return_is_not_passed_by_yes_alone(tmp_path: Path) -> None:
    """The example's promise: `--yes` stops before the step, and says how to pass it."""
    done = recipe("run", EXAMPLES / "irreversible.md", "--yes", "--no-sign", "--runs", tmp_path)
    assert done.returncode == 5
    assert "everybody can see it" not in done.stdout
    assert "--accept publish" in done.stderr


def test_no_secret_reaches_the_run_directory(tmp_path: Path) -> None:
    """The example's promise: neither journal nor kept output contain the secret."""
    done = recipe(
        "run", EXAMPLES / "secrets.md", "--yes", "--no-sign", "--runs", tmp_path, environ={"TRACKER_TOKEN": SECRET}
    )
    assert done.returncode == 0, done.stderr
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert files
    assert not [path for path in files if SECRET.encode() in path.read_bytes()]
    assert SECRET not in done.stdout + done.stderr
