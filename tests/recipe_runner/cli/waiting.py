"""A run that waits for an approval, stopped at every change that it makes there, by the means of `faulty`.

Usage: python -m tests.recipe_runner.cli.waiting DIRECTORY OPERATOR APPROVER PHASE TROUBLE

The run in DIRECTORY/stage/ goes on towards its gate (PHASE `asking`), or has an answer before it (`passing`). Each
attempt meets trouble, as `faulty` describes it, at its first, second, third … occasion behind the record of its
resumption. Then the disk is well again, and the run is resumed, with another answer wherever it asks for one. What came
of it is in DIRECTORY/<number>/: the exit codes as `told`, the journal as it was `stopped.jsonl`, and what was
`answered`, a line for each.
"""

from __future__ import annotations

import importlib
import itertools
import json
import shutil
import sys
from pathlib import Path

from recipe_runner.engine.events import Event, Resume
from recipe_runner.journal.store.journal import Journal
from tests.recipe_runner.cli.faulty import arm, begin, command, end
from tests.support.command import only_run

ROUNDS = 4
INCOMPLETE = 5


def going_on(place: Path, operator: str) -> list[str]:
    """Return the arguments with which the run goes on."""
    return [
        "resume",
        str(only_run(place / "runs")),
        "--yes",
        "--key",
        operator,
        "--policy",
        str(place.parent / "policy.toml"),
    ]


def resume(place: Path, name: str, operator: str) -> int:
    """Go on with the run."""
    return command(place, name, *going_on(place, operator))


def answer(place: Path, approver: str) -> None:
    """Answer the last request."""
    run = only_run(place / "runs")
    request = max(path for path in (run / "requests").iterdir() if not path.name.startswith("."))
    reply = run / "approvals" / f"{len(list((run / 'approvals').iterdir()))}.json"
    code = command(place, "approve", "approve", str(request), "--yes", "--key", approver, "-o", str(reply))
    if code:
        raise SystemExit((place / "approve.txt").read_text())
    with (place / "answered").open("a") as file:
        file.write(f"{request.name}\n")


def arm_behind_resume(place: Path, trouble: str, point: int) -> None:
    """Have this process meet trouble once it has recorded that it resumes."""
    how, _, code = trouble.partition("-")
    record = Journal.record

    def recording(journal: Journal, event: Event) -> None:
        record(journal, event)
        if isinstance(event, Resume):
            arm(place, point, how, code)

    Journal.record = recording  # type: ignore[method-assign, assignment]


def attempt(place: Path, operator: str, approver: str, trouble: str, point: int) -> dict[str, int]:
    """Go on in trouble, then without, until the run is over; returns exit codes."""
    run = only_run(place / "runs")
    judge = ("verify", str(run), "--policy", str(place.parent / "policy.toml"))
    process = begin(place, "troubled", going_on(place, operator), lambda: arm_behind_resume(place, trouble, point))
    told = {"troubled": end(process)}
    shutil.copy(run / "journal.jsonl", place / "stopped.jsonl")
    told["stopped"] = command(place, "stopped", *judge)
    for number in range(ROUNDS):
        told["resumed"] = resume(place, f"resumed-{number}", operator)
        if told["resumed"] != INCOMPLETE:
            break
        answer(place, approver)
    told["verify"] = command(place, "verify", *judge)
    return told


def main(directory: Path, operator: str, approver: str, phase: str, trouble: str) -> None:
    """Attempt until an attempt meets no trouble."""
    for verb in ("run", "resume", "verify", "approve"):
        importlib.import_module(f"recipe_runner.cli.{verb}")
    stage, template = directory / "stage", directory / "template"
    stage.mkdir()
    shutil.copy(directory / "r.md", stage)
    command(stage, "run", "run", "r.md", "--yes", "--until", "one", "--runs", "runs", "--key", operator)
    if phase == "passing":
        resume(stage, "asked", operator)
        answer(stage, approver)
    stage.rename(template)
    for point in itertools.count():
        shutil.copytree(template, stage)
        (stage / "told").write_text(json.dumps(attempt(stage, operator, approver, trouble, point)))
        met = (stage / "met").exists()
        stage.rename(directory / f"{point:03}")
        if not met:
            return


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
