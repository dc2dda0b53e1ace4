"""What shellcheck says about the shell code of a recipe, where it is installed."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from recipe_runner.claims import temporary
from recipe_runner.errors import Diagnostic
from recipe_runner.language.codes import Code
from recipe_runner.language.model import Script
from recipe_runner.sanitise import line

PREAMBLE = "set -euo pipefail\n"
"""What every block runs under, so that shellcheck does not ask for it."""
LEFT_OUT = "SC1090,SC1091,SC2034,SC2154"
"""Sourced files that are not there, and variables that another block or the header may set or use."""
SECONDS = 300


def find_shellcheck() -> str | None:
    """Return the program's path: beside this interpreter (the PyPI wheel) or on PATH."""
    beside = Path(sys.executable).with_name("shellcheck")
    return str(beside) if beside.is_file() else shutil.which("shellcheck")


def check_shellcheck(scripts: Sequence[Script], program: str) -> Iterator[Diagnostic]:
    """Yield shellcheck's warnings and errors at the recipe's lines; one process for all scripts.

    Of its formats `json1` counts a tab as one column.

    A shellcheck that fails to answer is no fault of the recipe: it yields nothing.
    """
    if not scripts:
        return
    with temporary("check") as directory:
        for number, script in enumerate(scripts):
            (directory / str(number)).write_text(PREAMBLE + script.text, encoding="utf-8")
        for comment in _comments(program, directory, len(scripts)):
            yield _diagnostic(scripts[int(comment["file"])], comment)


def _comments(program: str, directory: Path, count: int) -> list[dict[str, Any]]:
    try:
        done = subprocess.run(
            [program, "--norc", "-s", "bash", "-S", "warning", "-e", LEFT_OUT, "-f", "json1", *map(str, range(count))],
            cwd=directory,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            env={"LC_ALL": "C.UTF-8", "PATH": os.environ.get("PATH", os.defpath)},
            timeout=SECONDS,
            check=False,
        )
        comments: list[dict[str, Any]] = json.loads(done.stdout)["comments"]
    except (OSError, subprocess.TimeoutExpired, ValueError, KeyError):
        return []
    return comments


def _diagnostic(script: Script, comment: dict[str, Any]) -> Diagnostic:
    row = int(comment["line"]) - 1 - PREAMBLE.count("\n")
    rows = script.text.split("\n")
    text = rows[row] if 0 <= row < len(rows) else ""
    column = int(comment["column"]) - 1
    same = comment["endLine"] == comment["line"]
    end = int(comment["endColumn"]) - 1 if same else len(text.rstrip())
    message = line(str(comment["message"]).rstrip("."))
    return Diagnostic(
        f"shellcheck SC{comment['code']}: {message[:1].lower()}{message[1:]}",
        script.passage().span(max(0, row), column, max(1, end - column)),
        f"see https://www.shellcheck.net/wiki/SC{comment['code']}",
        Code.SHELLCHECK,
    )
