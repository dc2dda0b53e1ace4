"""A run that waits for approvals and meets trouble there, at every single occasion."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.recipe_runner.cli import waiting
from tests.support.command import environment
from tests.support.ssh_agent import make_ssh_key

TEXT = """
```bash {#one}
echo one >> log
```

```bash {#two approve=1 by=security}
echo two >> log
```
"""
CLOSED, OPEN = 0, 2
"""Exit codes of `recipe verify`."""


@dataclass(frozen=True)
class People:
    """SSH keys of who operates and of who approves, as `--key` takes them."""

    operator: str
    approver: str
    policy: str


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> People:
    place = tmp_path_factory.mktemp("keys")
    ann, ben = (make_ssh_key(place / name) for name in ("ann", "ben"))
    policy = "policy = 1\n"
    for table, key in (("signers", ann), ("approvers", ben)):
        policy += f'[[{table}]]\nssh = "{key.with_suffix(".pub").read_text().strip()}"\nroles = ["security"]\n'
    return People(f"ssh:{ann}", f"ssh:{ben}", policy)


@dataclass(frozen=True)
class Attempt:
    """A run that met trouble, as it was then and as it was resumed."""

    place: Path
    told: dict[str, int]

    @property
    def stopped(self) -> list[dict[str, Any]]:
        """The records of the journal when the run was stopped that a seal covers."""
        lines = (self.place / "stopped.jsonl").read_bytes().split(b"\n")[:-1]
        found = [json.loads(line) for line in lines]
        return found[: max(record["n"] for record in found if record["t"] == "seal")]

    @property
    def log(self) -> list[str]:
        """What the steps did, over all sessions."""
        return (self.place / "log").read_text().split()

    @property
    def answers(self) -> int:
        """How many answers an approver has given."""
        return len((self.place / "answered").read_text().splitlines())

    def has(self, kind: str) -> bool:
        """Say whether the gated step had such a record when the run was stopped."""
        return any(
            (record["t"], record.get("step")) == (kind, None if kind == "close" else "two") for record in self.stopped
        )


def attempts(place: Path, people: People, phase: str, trouble: str) -> list[Attempt]:
    """Go on again and again, until a run meets no trouble any more; return those that met it."""
    (place / "r.md").write_text(TEXT)
    (place / "policy.toml").write_text(people.policy)
    argv = [sys.executable, "-m", waiting.__name__, str(place), people.operator, people.approver, phase, trouble]
    subprocess.run(
        argv, check=True, cwd=Path(__file__).parents[3], env=environment(), stdin=subprocess.DEVNULL, timeout=900
    )
    return [Attempt(told.parent, json.loads(told.read_text())) for told in sorted(place.glob("*/told"))][:-1]


@pytest.mark.parametrize(
    ("phase", "trouble", "points"),
    [("asking", "kill", 10), ("asking", "from-ENOSPC", 10), ("passing", "kill", 14), ("passing", "once-EIO", 14)],
)
def test_one_approval_is_for_one_beginning_whatever_happens(
    tmp_path: Path, people: People, phase: str, trouble: str, points: int
) -> None:
    """Stopped at any change it makes at its gate, a run ends VALID; another approval is asked for only after a loss.

    That is where the step had begun and nobody saw its end; a step that is seen to end is never repeated.
    """
    found = attempts(tmp_path, people, phase, trouble)
    assert len(found) > points
    for attempt in found:
        closed, lost = attempt.has("close"), attempt.has("step_start") and not attempt.has("step_end")
        codes = {"kill": {-9}, "once": {0, 5}, "from": {5}}[trouble.partition("-")[0]]
        assert attempt.told.pop("troubled") in codes, attempt
        assert attempt.told == {"stopped": CLOSED if closed else OPEN, "resumed": 2 if closed else 0, "verify": CLOSED}
        assert attempt.answers == (2 if lost else 1), attempt
        assert attempt.log in ([["one", "two"], ["one", "two", "two"]] if lost else [["one", "two"]]), attempt
