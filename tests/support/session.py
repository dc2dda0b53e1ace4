"""What all the workers of a test session have in common."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


def common(factory: pytest.TempPathFactory) -> Path:
    """Return the directory that all workers share."""
    own = factory.getbasetemp()
    return own.parent if "PYTEST_XDIST_WORKER" in os.environ else own


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """Keep the other workers from what is made at a path for the block's time."""
    with path.with_name(f"{path.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
