from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from recipe_runner.errors import UnmetError
from recipe_runner.journal.store.lock import NAME, RunLock


def test_a_second_holder_is_told_who_has_it(tmp_path: Path) -> None:
    """While one holds the lock, another gets the process id of the first; afterwards it gets the lock."""
    lock = RunLock(tmp_path)
    with pytest.raises(UnmetError, match=f"process {os.getpid()} is running"):
        RunLock(tmp_path)
    lock.release()
    RunLock(tmp_path).release()


def test_a_link_is_no_lock(tmp_path: Path) -> None:
    """A run's directory that came from elsewhere cannot have a file outside of it emptied."""
    (tmp_path / "mine").write_text("precious")
    (tmp_path / NAME).symlink_to(tmp_path / "mine")
    with pytest.raises(OSError, match="symbolic link"):
        RunLock(tmp_path)
    assert (tmp_path / "mine").read_text() == "precious"


def test_nothing_of_a_longer_number_stays(tmp_path: Path) -> None:
    """The holder that is told is the one of now, however long the number of the last one was."""
    (tmp_path / NAME).write_text("419430399999\n")
    lock = RunLock(tmp_path)
    with pytest.raises(UnmetError, match=f"process {os.getpid()} is running"):
        RunLock(tmp_path)
    lock.release()


def test_a_killed_holder_holds_no_longer(tmp_path: Path) -> None:
    """A process that is killed without warning leaves no lock behind."""
    program = (
        "import sys, time; from pathlib import Path; from recipe_runner.journal.store.lock import RunLock\n"
        "lock = RunLock(Path(sys.argv[1])); print('locked', flush=True); sys.stdin.read()"
    )
    argv = [sys.executable, "-c", program, str(tmp_path)]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"locked\n"
        with pytest.raises(UnmetError, match=str(process.pid)):
            RunLock(tmp_path)
        process.send_signal(signal.SIGKILL)
        process.wait()
    RunLock(tmp_path).release()
