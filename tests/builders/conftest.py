from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.karmic import OUTPUTS, shared_karmic


@pytest.fixture(scope="session")
def karmic(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the serial's directory of a tiny karmic, built once; do not change it."""
    return shared_karmic(tmp_path_factory, "karmic")


@pytest.fixture(scope="session")
def everything(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the serial's directory of a tiny karmic with every output there is, built once; do not change it."""
    return shared_karmic(tmp_path_factory, "everything", outputs=OUTPUTS)
