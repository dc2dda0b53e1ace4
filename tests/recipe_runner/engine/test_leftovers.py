from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from recipe_runner.engine import leftovers
from recipe_runner.engine.answers import YesOperator
from recipe_runner.engine.course import Course
from recipe_runner.engine.events import Deviation, Event, Note, Skip, StepEnd, StepStart
from recipe_runner.engine.history import History
from recipe_runner.engine.operator import Answer, Operator
from recipe_runner.errors import ExitCode, IncompleteError
from tests.recipe_runner.engine.test_execute import Asked
from tests.support.running import RUN, run_text

STEP = "```bash {#one}\necho again\n```\n```bash {.undo for=one}\ntrue\n```\n"
BEGUN = [StepStart(step="one", attempt=1)]
DONE = [*BEGUN, StepEnd(step="one", outcome="ok", exit_code=0)]
Orphan = Callable[..., subprocess.Popen[bytes]]


@pytest.fixture
def orphan() -> Iterator[Orphan]:
    """Start what looks as if a dead runner had left it at work on the step `one`."""
    started: list[subprocess.Popen[bytes]] = []

    def start(seconds: float = 300, *, run: str = RUN, daemon: bool = False) -> subprocess.Popen[bytes]:
        environ = {**os.environ, "RECIPE_RUN": run, "RECIPE_STEP": "one"}
        group = None if daemon else 0
        started.append(
            subprocess.Popen(["sleep", str(seconds)], env=environ, process_group=group, start_new_session=daemon)
        )
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()


@pytest.mark.parametrize(
    ("past", "roll_back", "operator"),
    [
        (BEGUN, False, YesOperator()),
        (BEGUN, False, Asked(Answer("stop"), Answer("run"))),
        ([*DONE, StepStart(step="one", role="undo")], True, YesOperator()),
    ],
)
def test_what_is_still_at_work_is_stopped_before_its_step_is_touched(
    tmp_path: Path, orphan: Orphan, past: list[Event], operator: Operator, *, roll_back: bool
) -> None:
    """A step whose runner was killed is never run or undone beside itself: what is left of it ends first, on record."""
    left = orphan()
    ran = run_text(STEP, past=past, operator=operator, directory=tmp_path, roll_back=roll_back)
    assert ran.code is ExitCode.DONE
    assert left.poll() == -signal.SIGINT
    assert [e.text for e in ran.events if isinstance(e, Note)] == [
        f"stopped what a runner that died had left at work: process group {left.pid} (`sleep`)"
    ]


def test_the_operator_can_wait_for_what_is_still_at_work(tmp_path: Path, orphan: Orphan) -> None:
    """What a dead runner has left may come to its end by itself; then comes the question that any unknown step asks."""
    left = orphan(0.2)
    operator = Asked(Answer("wait"), Answer("done"))
    run_text(STEP, past=BEGUN, operator=operator, directory=tmp_path)
    assert left.poll() == 0
    assert [question.moment for question in operator.questions] == ["orphaned", "unknown"]


def test_the_operator_can_leave_what_is_still_at_work(tmp_path: Path, orphan: Orphan) -> None:
    """Whoever leaves at that question has neither stopped nor run anything."""
    left = orphan()
    ran = run_text(STEP, past=BEGUN, operator=Asked(Answer("quit")), directory=tmp_path)
    assert (ran.code, left.poll()) == (ExitCode.INCOMPLETE, None)
    assert not [e for e in ran.events if isinstance(e, Note | StepEnd)]


def test_what_cannot_be_stopped_stops_the_session(
    tmp_path: Path, orphan: Orphan, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that no signal ends (another user's, or one that waits for a disk) is told, and nothing is run."""
    monkeypatch.setattr(leftovers, "LADDER", ((signal.SIGCONT, 0.0),))
    monkeypatch.setattr(leftovers, "SETTLING", 0.0)
    left = orphan()
    with pytest.raises(IncompleteError, match=f"cannot be stopped: process group {left.pid}"):
        run_text(STEP, past=BEGUN, directory=tmp_path)


@pytest.mark.parametrize(("course", "roll_back"), [(Course(begin="two"), False), (Course(), True)])
def test_nothing_is_done_beside_what_is_still_at_work(
    tmp_path: Path, orphan: Orphan, course: Course, *, roll_back: bool
) -> None:
    """A session that leaves the begun step out, or undoes what was done before it, has what works on it end first."""
    left = orphan()
    text = "```bash {#zero}\ntrue\n```\n```bash {.undo for=zero}\ntrue\n```\n" + STEP + "```bash {#two}\ntrue\n```\n"
    past: list[Event] = [StepStart(step="zero"), StepEnd(step="zero", exit_code=0), *BEGUN]
    ran = run_text(text, past=past, course=course, directory=tmp_path, roll_back=roll_back)
    assert left.poll() == -signal.SIGINT
    new = ran.events[1 + len(past) :]
    noted = next(n for n, event in enumerate(new) if isinstance(event, Note))
    assert not [event for event in new[:noted] if isinstance(event, StepStart | Skip | Deviation)]


@pytest.mark.parametrize("other", [{"run": "1" * 32}, {"daemon": True}])
def test_what_is_none_of_the_step_is_left_alone(tmp_path: Path, orphan: Orphan, other: dict[str, str]) -> None:
    """Another run's processes, and daemons that a step has started, go on."""
    left = orphan(**other)
    assert run_text(STEP, past=BEGUN, directory=tmp_path).code is ExitCode.DONE
    assert left.poll() is None


def test_an_undo_script_begun_by_a_run_of_its_own_has_no_end() -> None:
    """A roll-back of a finished run is looked after too, where its runner died in an undo script."""
    history = History()
    history.follow([StepStart(step="one", role="undo")])
    assert history.track("one").open
    history.follow([StepEnd(step="one", role="undo", outcome="ok")])
    assert not history.track("one").open
