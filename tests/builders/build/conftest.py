from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def scratch() -> Iterator[Path]:
    """Give a place to work in that everybody may enter."""
    with tempfile.TemporaryDirectory(prefix="scratch-", dir="/var/tmp") as name:
        Path(name).chmod(0o755)
        yield Path(name)
