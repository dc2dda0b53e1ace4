from __future__ import annotations

from pathlib import Path

import pytest

from recipe_runner.journal.witness.head import Head
from tests.recipe_runner.journal.runs import RUN
from tests.support.authority import Authority

HEAD = Head(RUN, 2, 1000, "a" * 64, "b" * 64)


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Make a time-stamping authority."""
    return Authority.make(tmp_path_factory.mktemp("authority") / "tsa")


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Return a bare repository that refuses rewritten branches."""
    from tests.support.repository import bare

    return bare(tmp_path / "remote.git")
