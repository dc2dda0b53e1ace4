"""Where a verb finds itself: terminal, environment, the directory of the runs."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from recipe_runner.errors import UsageError


def at_terminal() -> bool:
    """Say whether a person can be asked."""
    return sys.stdin is not None and sys.stdin.isatty() and sys.stdout.isatty()


def environment() -> dict[str, str]:
    """Return the environment for steps and preconditions: ours, with this very command on the path.

    At a terminal `GPG_TTY` names it, for gpg's pinentry.
    """
    environ = dict(os.environ)
    if shutil.which("recipe") is None:
        environ["PATH"] = f"{Path(sys.argv[0]).absolute().parent}:{environ.get('PATH', os.defpath)}"
    if at_terminal():
        environ["GPG_TTY"] = os.ttyname(sys.stdin.fileno())
    return environ


def runs_directory(runs: Path | None) -> Path:
    """Return where the journals go; raises UsageError where that is no directory."""
    directory = runs or default_runs()
    if directory.exists() and not directory.is_dir():
        raise UsageError.because(f"`{directory}` is not a directory", hint="give --runs a directory, new or old")
    return directory


def default_runs() -> Path:
    """Return where journals go unless `--runs` says otherwise (XDG Base Directory: state)."""
    state = os.environ.get("XDG_STATE_HOME")
    return (Path(state) if state else Path.home() / ".local/state") / "recipe-runner" / "runs"
