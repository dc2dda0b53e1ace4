from __future__ import annotations

import os
from pathlib import Path

from recipe_runner.journal.store.lock import RunLock
from recipe_runner.journal.store.runner import runner


def test_the_holder_of_the_lock_is_found(tmp_path: Path) -> None:
    """Who holds a run's lock is named while it is held, and nobody before and after."""
    assert runner(tmp_path) is None
    lock = RunLock(tmp_path)
    assert runner(tmp_path) == os.getpid()
    lock.release()
    assert runner(tmp_path) is None
