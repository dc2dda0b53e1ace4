"""A run that waits for approvals and meets trouble there, at every single occasion."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.recipe_runner.cli import waiting
from tests.recipe_runner.cli.trouble import Attempt
from tests.recipe_runner.cli.trouble import attempts as trouble_met
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


class Waited(Attempt):
    """An attempt at a gate."""

    @property
    def answers(self) -> int:
        """How many answers an approver has given."""
        return len((self.place / "answered").read_text().splitlines())

    def has(self, kind: str) -> bool:
        """Say whether the gated step had such a sealed record when the run was stopped."""
        return any(
            (record["t"], record.get("step")) == (kind, None if kind == "close" else "two") for record in self.sealed
        )


def attempts(place: Path, people: People, phase: str, trouble: str) -> list[Waited]:
    """Go on again and again, until a run meets no trouble any more; return those that met it."""
    (place / "r.md").write_text(TEXT)
    (place / "policy.toml").write_text(people.policy)
    *found, _ = trouble_met(waiting.__name__, place, people.operator, people.approver, phase, trouble)
    return [Waited(attempt.place, attempt.told) for attempt in found]


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
