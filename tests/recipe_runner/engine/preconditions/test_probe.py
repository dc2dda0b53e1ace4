from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from pathlib import Path

import pytest

from recipe_runner.engine.preconditions.base import World
from recipe_runner.engine.preconditions.probe import KEPT, PROBES, Answer, Probes, ask, locate
from recipe_runner.errors import UnmetError
from tests.recipe_runner.engine.preconditions.conftest import heard


def alive(pid: int) -> bool:
    """Whether the process runs; one that is dead but not yet reaped does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def gone(pid: int) -> bool:
    """Wait at most 10 s for a killed process to disappear."""
    deadline = time.monotonic() + 10
    while alive(pid) and time.monotonic() < deadline:
        os.sched_yield()
    return not alive(pid)


def test_an_answer_has_everything(world: World) -> None:
    """Exit code, both streams and standard input go through."""
    answer = ask(("bash", "-c", "cat; echo oops >&2; exit 3"), world, stdin="hello")
    assert answer == Answer(3, b"hello", b"oops\n")


def test_the_world_decides_where_programs_are(world: World) -> None:
    """A program is looked up in the world's PATH and, with a slash, from the world's directory."""
    tool = world.directory / "tool"
    tool.write_text("#!/bin/sh\necho mine\n")
    tool.chmod(0o755)
    assert locate("./tool", world) == tool
    assert ask(("tool",), World({"PATH": str(world.directory)}, world.directory)).stdout == b"mine\n"
    with pytest.raises(UnmetError, match="`bash` is not installed"):
        locate("bash", World({"PATH": str(world.directory)}, world.directory))


def test_a_program_that_cannot_start_is_an_unmet_requirement(world: World) -> None:
    """A file that may be executed but is no program gives a clear fault."""
    broken = world.directory / "broken"
    broken.write_bytes(b"\x7fELF nothing")
    broken.chmod(0o755)
    with pytest.raises(UnmetError, match="cannot be started"):
        ask(("./broken",), world)


def test_endless_output_is_bounded(world: World) -> None:
    """Of a long output only the end is kept, and a program that never stops writing is stopped on time."""
    answer = ask(("bash", "-c", "head -c 3000000 /dev/zero; echo end"), world)
    assert len(answer.stdout) == KEPT
    assert answer.stdout.endswith(b"\0end\n")
    with pytest.raises(UnmetError, match=r"not ended after 0\.3 s"):
        ask(("yes",), world, limit=0.3)


def test_a_late_program_is_killed_with_its_children(world: World) -> None:
    """When the time is over, the program and what it started in the background are gone."""
    script = "sleep 1000 & echo $! > child; echo $$ > parent; wait"
    with pytest.raises(UnmetError, match="has not ended"):
        ask(("bash", "-c", script), world, limit=2)
    assert all(gone(int((world.directory / name).read_text())) for name in ("child", "parent"))


def test_a_background_child_does_not_hold_the_answer_up(world: World) -> None:
    """A program that ends answers at once, though a child of it holds the pipe open; the child is killed."""
    began = time.monotonic()
    answer = ask(("bash", "-c", "sleep 1000 & echo $!"), world)
    assert time.monotonic() - began < 10
    assert gone(int(answer.stdout))


def test_stop_ends_what_runs_and_what_comes_later(world: World) -> None:
    """Programs that are being asked are killed at once, and so are those that start afterwards."""
    probes = Probes()
    codes: list[int] = []
    os.mkfifo(world.directory / "started")

    def evaluate() -> None:
        PROBES.set(probes)
        codes.append(ask(("bash", "-c", "echo > started; exec sleep 1000"), world).code)
        codes.append(ask(("sleep", "1000"), world).code)

    thread = threading.Thread(target=evaluate)
    thread.start()
    heard(world.directory / "started")
    probes.stop()
    thread.join(20)
    assert codes == [-9, -9]


def test_what_is_just_being_started_is_waited_for_and_stopped() -> None:
    """Whoever stops everything may go: nothing comes to life behind their back."""
    probes, order = Probes(), []

    def stop() -> None:
        probes.stop()
        order.append("stopped")

    stopper = threading.Thread(target=stop)

    def start() -> subprocess.Popen[bytes]:
        stopper.start()
        stopper.join(0.1)
        order.append("started")
        return subprocess.Popen(["sleep", "1000"], start_new_session=True)

    with probes.started(start, "sleep") as process:
        assert process.wait(20) == -signal.SIGKILL
    stopper.join(20)
    assert order == ["started", "stopped"]


def test_the_last_line_skips_blank_ones() -> None:
    """The last line is the last with something on it, of standard error before standard output."""
    assert Answer(1, b"out\n", b"first\nlast \n\n").last_line() == "last"
    assert Answer(1, b"out\n", b"\n").last_line() == "out"
    assert Answer(1, b"", b"").last_line() == ""
