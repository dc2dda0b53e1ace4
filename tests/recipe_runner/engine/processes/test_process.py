from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from recipe_runner.engine.processes.interrupts import Interrupts
from recipe_runner.engine.processes.process import Chunk, Command, Ended
from recipe_runner.engine.processes.pump import Pump


@pytest.fixture
def pump() -> Iterator[Pump]:
    with Interrupts() as interrupts, Pump(interrupts) as pump:
        yield pump


def run(pump: Pump, code: str, timeout: float | None = None) -> tuple[dict[str, bytes], Ended]:
    pump.start(Command(("bash", "-c", code), os.environ, timeout=timeout))
    written = {"stdout": b"", "stderr": b""}
    while True:
        for _, happened in pump.poll():
            if isinstance(happened, Chunk):
                written[happened.stream] += happened.data
            else:
                return written, happened


def gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split()[2] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


def test_streams_are_told_apart_byte_for_byte(pump: Pump) -> None:
    """Binary output, and output without a last line end, arrive as they were written."""
    written, ended = run(pump, r"printf '\0\377x'; printf 'err' >&2; exit 3")
    assert written == {"stdout": b"\0\xffx", "stderr": b"err"}
    assert (ended.outcome, ended.exit_code, ended.words()) == ("failed", 3, "ended with exit code 3")


def test_a_signal_is_reported_by_name(pump: Pump) -> None:
    """A killed process is told apart from one that failed."""
    _, ended = run(pump, "kill -KILL $$")
    assert (ended.signal, ended.exit_code) == ("SIGKILL", None)
    assert ended.words() == "was killed by SIGKILL"


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (126, "ended with exit code 126: a command cannot be executed"),
        (127, "ended with exit code 127: a command was not found"),
        (137, "ended with exit code 137, as by SIGKILL"),
        (128, "ended with exit code 128"),
        (255, "ended with exit code 255"),
        (0, "ended with exit code 0, but left outputs that cannot be read"),
    ],
)
def test_an_exit_code_is_told_in_words(code: int, words: str) -> None:
    """What a shell means by a code stands behind it; a step that failed though it ended with 0 left bad outputs."""
    assert Ended("failed", code, None, 1).words() == words


def test_large_output_needs_no_memory(pump: Pump) -> None:
    """200 MB pass through in chunks; nothing but the chunk is held."""
    import resource

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    pump.start(Command(("head", "-c", "200000000", "/dev/zero"), os.environ))
    total, over = 0, False
    while not over:
        for _, happened in pump.poll():
            if isinstance(happened, Chunk):
                total += len(happened.data)
            else:
                over = True
    assert total == 200_000_000
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 20_000


def test_a_time_limit_climbs_to_kill(pump: Pump, monkeypatch: pytest.MonkeyPatch) -> None:
    """A group that ignores the interrupt and the termination is killed, children included."""
    from recipe_runner.engine.processes import process

    monkeypatch.setattr(process, "LADDER", ((signal.SIGINT, 0.2), (signal.SIGTERM, 0.2), (signal.SIGKILL, 0.0)))
    code = "trap '' INT TERM; (trap '' INT TERM; echo $BASHPID; while :; do sleep 1; done) & wait"
    written, ended = run(pump, code, timeout=0.5)
    assert ended.outcome == "timeout"
    assert "took longer than it may" in ended.words()
    child = int(written["stdout"])
    deadline = time.monotonic() + 10
    while not gone(child):
        assert time.monotonic() < deadline


def test_a_step_that_is_stopped_takes_along_what_stays_behind(pump: Pump) -> None:
    """A child that ignores the interrupt by which its parent ends is killed with the group, not left running."""
    written, ended = run(pump, "(trap '' INT TERM; echo $BASHPID; exec sleep 300) & wait", timeout=0.5)
    assert ended.outcome == "timeout"
    child = int(written["stdout"])
    deadline = time.monotonic() + 10
    while not gone(child):
        assert time.monotonic() < deadline


def test_a_background_process_does_not_hold_the_step(pump: Pump) -> None:
    """A daemon that keeps the pipes open does not keep the step from ending, and goes on."""
    written, ended = run(pump, "sleep 300 & echo $!")
    assert ended.outcome == "ok"
    pid = int(written["stdout"])
    assert not gone(pid)
    os.kill(pid, signal.SIGKILL)


def test_a_closed_pipe_is_no_trouble(pump: Pump) -> None:
    """A process may close its own output and go on."""
    _, ended = run(pump, "exec >&- 2>&-; sleep 0.1; exit 4")
    assert ended.exit_code == 4


def test_an_interrupt_stops_every_running_group() -> None:
    """SIGINT to the runner becomes an interrupt of the processes, noted and not raised."""
    with Interrupts() as interrupts, Pump(interrupts) as pump:
        for _ in range(2):
            pump.start(Command((sys.executable, "-c", "import time; time.sleep(60)"), os.environ))
        os.kill(os.getpid(), signal.SIGTERM)
        ends: list[Ended] = []
        while len(ends) < 2:
            ends += [happened for _, happened in pump.poll() if isinstance(happened, Ended)]
        assert {end.outcome for end in ends} == {"interrupted"}
        assert interrupts.seen is signal.SIGTERM


def test_an_own_terminal_is_a_terminal(pump: Pump) -> None:
    """With `terminal` the child has a controlling terminal of its own."""
    command = Command(("bash", "-c", "[ -t 0 ] && [ -t 1 ] && tty </dev/tty"), os.environ, terminal=True)
    pump.start(command)
    data = b""
    while True:
        for _, happened in pump.poll():
            if isinstance(happened, Chunk):
                data += happened.data
                continue
            assert happened.outcome == "ok"
            assert data.startswith(b"/dev/tty")
            return


def test_a_command_that_is_not_there_is_an_oserror(pump: Pump) -> None:
    """Starting what does not exist raises, so that the caller can say so."""
    with pytest.raises(FileNotFoundError):
        pump.start(Command(("/no/such/program",), os.environ))


def test_a_command_that_cannot_be_passed_on_leaves_no_terminal_open(pump: Pump) -> None:
    """Text that no argument can hold is refused before anything starts, and its terminal is closed again."""
    before = len(list(Path("/proc/self/fd").iterdir()))
    with pytest.raises(ValueError, match="null"):
        pump.start(Command(("bash", "-c", "\0"), os.environ, terminal=True))
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_an_interrupt_that_was_taken_back_stops_nothing_later() -> None:
    """Ctrl-C ends a wait just before anybody looks; what the operator has run next goes to its end."""
    with Interrupts() as interrupts, Pump(interrupts) as pump:
        os.kill(os.getpid(), signal.SIGINT)
        assert interrupts.forgive()
        _, ended = run(pump, "sleep 0.1")
    assert ended.outcome == "ok"


def test_a_termination_is_not_taken_back_with_a_ctrl_c() -> None:
    """Who presses Ctrl-C, too, when a run is being terminated does not keep it going."""
    with Interrupts() as interrupts:
        os.kill(os.getpid(), signal.SIGTERM)
        os.kill(os.getpid(), signal.SIGINT)
        assert not interrupts.forgive()
        assert interrupts.seen is signal.SIGTERM


def test_a_hang_up_that_is_ignored_stays_so(pump: Pump) -> None:
    """Under `nohup` a run goes on when its terminal is gone, and what it starts ignores the hang-up, too."""
    code = "import os, signal; from recipe_runner.engine.processes.interrupts import Interrupts\n"
    code += "with Interrupts() as interrupts: os.kill(os.getpid(), signal.SIGHUP); print(interrupts.seen)"
    written, _ = run(pump, f"trap '' HUP; exec {sys.executable} -c '{code}'")
    assert written == {"stdout": b"None\n", "stderr": b""}


def test_a_stopped_group_is_interrupted_at_once(pump: Pump) -> None:
    """A process that stands still when its time is over goes on to notice the interrupt, not only the kill."""
    process = pump.start(Command(("bash", "-c", "while :; do kill -STOP $$; done"), os.environ))
    state, deadline = Path(f"/proc/{process.popen.pid}/stat"), time.monotonic() + 60
    while state.read_text().split()[2] != "T":
        assert time.monotonic() < deadline
    process.stop("timeout")
    ends: list[Ended] = []
    while not ends:
        ends += [happened for _, happened in pump.poll() if isinstance(happened, Ended)]
    assert (ends[0].outcome, ends[0].signal) == ("timeout", "SIGINT")
