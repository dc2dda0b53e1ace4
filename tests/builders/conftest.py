from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.karmic import OUTPUTS, build_karmic


@pytest.fixture(scope="session")
def karmic(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the serial's directory of a tiny karmic, built once; do not change it."""
    return build_karmic(tmp_path_factory.mktemp("tree"))


@pytest.fixture(scope="session")
def everything(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the serial's directory of a tiny karmic with every output there is, built once; do not change it."""
    return build_karmic(tmp_path_factory.mktemp("tree"), outputs=OUTPUTS)
