from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

from recipe_runner.engine.preconditions.base import Finding, Precondition, World
from recipe_runner.engine.preconditions.evaluation import LONGEST, SIDE_BY_SIDE, evaluate_all
from recipe_runner.engine.preconditions.scripts import Script
from tests.recipe_runner.engine.preconditions.conftest import heard

MEETING = threading.Barrier(SIDE_BY_SIDE)


class Named(Precondition):
    """Says no more than its name."""

    def text(self) -> str:
        return self.kind


class Meets(Named):
    """Is met when as many as may be looked at side by side are looked at together."""

    kind: ClassVar[str] = "meets"
    summary: ClassVar[str] = "meets the others"
    number: int

    def evaluate(self, world: World) -> Finding:
        MEETING.wait(20)
        return Finding(met=True, detail=f"{self.number} of {world.environ['name']}")


class Hangs(Named):
    """Never answers."""

    kind: ClassVar[str] = "hangs"
    summary: ClassVar[str] = "hangs"
    release: ClassVar[threading.Event] = threading.Event()

    def limit(self) -> float:
        return 0.2

    def evaluate(self, world: World) -> Finding:
        self.release.wait()
        return Finding(met=True, detail=str(world))


class Breaks(Named):
    """Raises what it must not."""

    kind: ClassVar[str] = "breaks"
    summary: ClassVar[str] = "breaks"

    def evaluate(self, world: World) -> Finding:
        raise ZeroDivisionError(f"bad\x1b[2J {len(world.environ)}")


class Shouts(Named):
    """Says too much, in colour."""

    kind: ClassVar[str] = "shouts"
    summary: ClassVar[str] = "shouts"

    def evaluate(self, world: World) -> Finding:
        return Finding(met=not world.environ, detail="\x1b[31mred\n\u202e", hint="x" * 10_000)


def test_all_are_looked_at_side_by_side_in_order(tmp_path: Path) -> None:
    """As many as the limit allows wait for each other, which ends only when all run at once; the order is kept."""
    found = evaluate_all([Meets(number=n) for n in range(SIDE_BY_SIDE)], World({"name": "all"}, tmp_path))
    assert [finding.detail for finding in found] == [f"{n} of all" for n in range(SIDE_BY_SIDE)]


def test_one_that_hangs_does_not_hold_the_others_up(world: World) -> None:
    """What gives no answer in its time is unmet, and the others are still reported."""
    began = time.monotonic()
    found = evaluate_all([Hangs(), Script(script="echo fine")], world)
    Hangs.release.set()
    assert [finding.detail for finding in found] == ["no answer after 0.2 s", "fine"]
    assert time.monotonic() - began < 15


def test_a_broken_kind_is_unmet(tmp_path: Path) -> None:
    """An exception in a kind is a finding that names it, harmless to show."""
    [found] = evaluate_all([Breaks()], World({}, tmp_path))
    assert found == Finding(False, "could not be looked at: ZeroDivisionError: bad\\u{1b}[2J 0")


def test_texts_are_safe_and_short(tmp_path: Path) -> None:
    """Terminal escapes, line ends and direction marks are made visible, and long texts cut."""
    [found] = evaluate_all([Shouts()], World({}, tmp_path))
    assert found.detail == "\\u{1b}[31mred\\u{a}\\u{202e}"
    assert found.hint == "x" * (LONGEST - 1) + "…"


def test_more_than_fit_side_by_side(world: World) -> None:
    """Any number of preconditions is evaluated."""
    found = evaluate_all([Script(script=f"echo {n}") for n in range(SIDE_BY_SIDE + 3)], world)
    assert [finding.detail for finding in found] == [str(n) for n in range(SIDE_BY_SIDE + 3)]


def test_none_at_all(world: World) -> None:
    """A recipe without requirements has no findings."""
    assert evaluate_all([], world) == []


def test_an_interrupt_leaves_nothing_running(tmp_path: Path) -> None:
    """Ctrl-C while a script is being asked ends the evaluation and the script."""
    os.mkfifo(tmp_path / "started")
    code = (
        "import os, signal; from pathlib import Path\n"
        "from recipe_runner.engine.preconditions.base import World\n"
        "from recipe_runner.engine.preconditions.evaluation import evaluate_all\n"
        "from recipe_runner.engine.preconditions.scripts import Script\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs ignore it\n"
        "evaluate_all([Script(script='echo $$ > started; exec sleep 1000')], World(os.environ, Path('.')))\n"
    )
    root = Path(__file__).parents[4]
    environ = {**os.environ, "PYTHONPATH": str(root)}
    with subprocess.Popen([sys.executable, "-c", code], cwd=tmp_path, env=environ, stderr=subprocess.PIPE) as process:
        script = int(heard(tmp_path / "started"))
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=20)
    assert process.returncode != 0
    assert b"KeyboardInterrupt" in errors
    assert _ends(script)


def _ends(pid: int) -> bool:
    """Wait at most 10 s for a process to be gone."""
    deadline = time.monotonic() + 10
    running: Callable[[], bool] = Path(f"/proc/{pid}/cmdline").exists
    while running() and time.monotonic() < deadline:
        os.sched_yield()
    return not running() or not Path(f"/proc/{pid}/cmdline").read_bytes()
