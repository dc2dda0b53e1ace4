from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from recipe_runner.engine.preconditions.base import Finding, World


@pytest.mark.parametrize(
    ("environ", "met", "detail"),
    [({"TOKEN": "hunter22"}, True, "is set"), ({"TOKEN": ""}, False, "is empty"), ({}, False, "is not set")],
)
def test_variable(
    look: Callable[..., Finding], tmp_path: Path, environ: dict[str, str], met: bool, detail: str
) -> None:
    """A variable must be set and not empty, and its value is never shown."""
    found = look("env", "TOKEN", within=World(environ, tmp_path))
    assert (found.met, found.detail) == (met, detail)
    assert "hunter22" not in f"{found}"
