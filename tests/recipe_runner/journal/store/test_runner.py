from __future__ import annotations

import os
from pathlib import Path

from recipe_runner.journal.store.lock import NAME, RunLock
from recipe_runner.journal.store.runner import runner


def test_the_holder_of_the_lock_is_found(tmp_path: Path) -> None:
    """Who holds a run's lock is named while it is held, and nobody before and after."""
    assert runner(tmp_path) is None
    lock = RunLock(tmp_path)
    assert runner(tmp_path) == os.getpid()
    lock.release()
    assert runner(tmp_path) is None


def test_nobody_waits_for_a_pipe(tmp_path: Path) -> None:
    """What lies in the lock's place and is no regular file is not read, however long one could wait for it."""
    os.mkfifo(tmp_path / NAME)
    assert runner(tmp_path) is None
