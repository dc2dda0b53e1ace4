from __future__ import annotations

import os
from pathlib import Path

import pytest

from recipe_runner.language.checks.inspection import inspect
from tests.recipe_runner.language.cases import ACTIONS, FIXTURES, PRECONDITIONS, Case, cases, shown

CASES = [(path, case) for path in sorted((FIXTURES / "faults").glob("*.txt")) for case in cases(path)]


def faults_of(case: Case, directory: Path) -> str:
    for name, text in case.files.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    before = Path.cwd()
    os.chdir(directory)
    try:
        _, faults = inspect(Path("recipe.md"), actions=ACTIONS, preconditions=PRECONDITIONS)
    finally:
        os.chdir(before)
    return "\n".join(shown(fault) for fault in faults)


@pytest.mark.parametrize(("path", "case"), CASES, ids=[f"{path.name}:{case.line} {case.title}" for path, case in CASES])
def test_faults(path: Path, case: Case, tmp_path: Path) -> None:
    """Every fixture document has exactly the faults that are written under it, at these places and in these words."""
    assert faults_of(case, tmp_path) == case.faults, f"{path.name}:{case.line}"
