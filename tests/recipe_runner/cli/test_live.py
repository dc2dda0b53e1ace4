from __future__ import annotations

import itertools
import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

import pytest

from recipe_runner.cli.live import drive
from recipe_runner.engine.answers import YesOperator
from recipe_runner.engine.events import Event, Resting, Ticking
from recipe_runner.engine.history import History
from recipe_runner.engine.operator import Answer, Operator, Question
from recipe_runner.engine.plan import plan
from recipe_runner.engine.preconditions.base import Finding
from recipe_runner.engine.preconditions.table import kinds
from recipe_runner.engine.processes.process import Chunk, Ended, Process
from recipe_runner.engine.processes.pump import Pump
from recipe_runner.engine.session import Place, Session, genesis
from recipe_runner.engine.shell_state import ShellState
from recipe_runner.engine.values import resolve
from recipe_runner.journal.policy import Policy
from recipe_runner.journal.records.sealing import Sealing
from recipe_runner.journal.signers.gpg import GpgSigner
from recipe_runner.journal.store.journal import Journal
from recipe_runner.journal.verification.verdict import Verdict
from recipe_runner.journal.verification.verify import verify
from recipe_runner.journal.witness.attendance import Attendance
from recipe_runner.language.parse import parse
from tests.support.keyring import keyring, make_key

STEPS = """---
recipe: 1
params:
  regions: {type: list, default: [a, b, c]}
---

```bash {#one}
echo one
```

```bash {.check for=one}
true
```

```bash {.verify for=one}
true
```

```bash {#fan each=regions parallel=2}
echo "$each"
```

```bash {#again retries=1 retry-delay=0s}
[ -e mark ] || { touch mark; false; }
```

```bash {#gate .irreversible}
true
```

```bash {.verify for=gate}
true
```

```bash {#fails}
false
```

```bash {.undo for=one}
true
```

```bash {#last}
true
```
"""


def types(run: Path) -> list[str]:
    """Return the types of the records that are in a journal now, each with its step where it has one."""
    records = [json.loads(raw) for raw in (run / "journal.jsonl").read_bytes().splitlines()]
    return [f"{record['t']} {record.get('step', '')}".strip() for record in records]


@dataclass
class Attentive:
    """Somebody who looks at the journal whenever they are asked or shown something."""

    run: Path
    answers: dict[str, list[Answer]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    present: ClassVar[bool] = False

    def settled(self) -> None:
        assert types(self.run)[-1] in {"seal", "precondition"}, types(self.run)[-3:]

    def decided(self, _: Question) -> Answer | None:
        return None

    def ask(self, question: Question) -> Answer:
        self.settled()
        self.asked.append(f"{question.moment} {question.step}")
        given = self.answers.get(question.step)
        return given.pop(0) if given else Answer("run", question.typed or "")

    def opening(self, run: str, signer: str | None, mode: str, *, onward: str = "resume", finished: int = 0) -> None:
        """See the beginning."""

    def preconditions(self, findings: Sequence[Finding]) -> None:
        """See what was found."""

    def changes(self, differences: Sequence[str]) -> None:
        """See what has changed."""

    def closing(self, directory: Path, *, code: int, reason: str) -> None:
        """See the end."""

    def show(self, event: Event) -> None:
        if not isinstance(event, Resting | Ticking):
            self.settled()


@pytest.fixture(scope="module")
def signer() -> Iterator[GpgSigner]:
    with keyring() as home:
        yield GpgSigner.find(make_key(home, "manager"))


def run(place: Path, signer: GpgSigner, operator: Operator, view: Attentive) -> int:
    """Run the steps as the command does."""
    recipe = parse("r.md", STEPS.encode())
    values = resolve(recipe.params, given={}, file={}, environ={})
    planned = plan(recipe, values, actions={}, preconditions=kinds())
    here = Place("me", "here", "", str(place))
    first = genesis(planned, run="0" * 32, mode="ask", place=here, suppliers={}, commit=None)
    session = Session(planned, History.of([first]), operator, (), ShellState(directory=str(place)), environ=os.environ)
    with Journal.create(view.run, first, signer, sealing=Sealing.read("every", ["gate"])) as journal:
        return drive(session.events(), journal, view, view.run, (), Attendance())


@pytest.mark.parametrize("mode", ["ask", "yes"])
def test_nobody_waits_or_sees_anything_over_an_unsealed_result(
    tmp_path: Path, signer: GpgSigner, monkeypatch: pytest.MonkeyPatch, mode: str
) -> None:
    """Whenever a question, a process or a pause is waited for, or something is shown, the last record is sealed."""
    answers = {"fails": [Answer("run"), Answer("retry"), Answer("undo")]}
    person = Attentive(tmp_path / "run", answers if mode == "ask" else {"gate": [Answer("run", "gate")]})
    polls = 0

    def poll(pump: Pump, until: float | None = None) -> Iterator[tuple[Process, Chunk | Ended]]:
        nonlocal polls
        polls += 1
        person.settled()
        return waited(pump, until)

    waited = Pump.poll
    monkeypatch.setattr(Pump, "poll", poll)
    operator = person if mode == "ask" else YesOperator(otherwise=person)
    assert run(tmp_path, signer, operator, person) == 1
    assert polls > 10
    assert ("undo one" in person.asked) == (mode == "ask")
    written = types(person.run)
    following = {before: after for before, after in itertools.pairwise(written) if "step_end" in before}
    assert following["step_end one"] == ("step_start fan" if mode == "yes" else "seal")
    assert following["step_end gate"] == "seal"
    certificates = (signer.certificate(signer.primary),)
    assert verify(person.run, Policy(frozenset({signer.primary}), certificates)).verdict in {
        Verdict.VALID,
        Verdict.INCOMPLETE,
    }
