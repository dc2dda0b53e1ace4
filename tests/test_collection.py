"""What pytest makes of this tree of tests."""

from __future__ import annotations

from fnmatch import fnmatch
from pathlib import Path

import pytest


def test_no_directory_is_passed_over(pytestconfig: pytest.Config) -> None:
    """Pytest goes into every directory that holds tests, whatever names it has a habit of leaving out."""
    left_out: list[str] = pytestconfig.getini("norecursedirs")
    rooms = {path.parent for path in Path(__file__).parent.rglob("test_*.py")}
    assert len(rooms) > 20
    assert not [room for room in rooms if any(fnmatch(room.name, pattern) for pattern in left_out)]
