"""Finding runs and steps by what a person types."""

from __future__ import annotations

from pathlib import Path

from recipe_runner.cli.surroundings import default_runs
from recipe_runner.errors import UsageError
from recipe_runner.journal.files import reading
from recipe_runner.journal.ledger import JOURNAL
from recipe_runner.journal.reading.account import Account, Execution
from recipe_runner.journal.reading.read import records
from recipe_runner.language.suggestions import suggest
from recipe_runner.sanitise import line


def where_runs_are(runs: Path | None) -> Path:
    """Return the directory that was named, or where `recipe run` keeps runs; raises UsageError for one not there."""
    if runs is not None and not runs.is_dir():
        raise UsageError.because(f"`{line(str(runs))}` is not a directory", hint="correct --runs")
    return runs or default_runs()


def run_directories(runs: Path) -> list[Path]:
    """Return the directories below `runs` that have a journal; none where there is no such directory."""
    return sorted(journal.parent for journal in runs.glob(f"*/{JOURNAL}") if not journal.parent.name.startswith("."))


def run_directory(text: str) -> Path:
    """Return the directory that is meant: its path, or the beginning of one run's id.

    The id may follow a directory (`runs/01a2`); alone it is looked for where `recipe run` keeps runs. Raises UsageError
    where that is no run or more than one.
    """
    path = Path(text)
    if (path / JOURNAL).exists():
        return path
    runs = path.parent if "/" in text else default_runs()
    found = [directory for directory in run_directories(runs) if path.name and directory.name.startswith(path.name)]
    match found:
        case [only]:
            return only
        case []:
            raise UsageError.because(
                f"`{line(text)}` is neither the directory of a run nor the id of one below `{line(str(runs))}`",
                hint="name the directory of a run; `recipe log list` shows the ids",
            )
    raise UsageError.because(f"{len(found)} runs have an id that begins with `{line(text)}`", hint="write more of it")


def account_of(directory: Path) -> Account:
    """Read a run; raises UsageError or VerificationError where its journal cannot be read."""
    with reading(directory):
        return Account.of(records(directory))


def chosen(account: Account, step: str, *, item: str | None, attempt: int | None) -> list[Execution]:
    """Return the executions of a step that are meant: of each item and role the last one, or the given attempt's.

    Raises UsageError where there are none.
    """
    of_step = [execution for execution in account.executions if execution.start.step == step]
    if not of_step:
        if step in account.step_ids:
            raise UsageError.because(f"step `{line(step)}` ran no command in this run")
        known = {execution.start.step for execution in account.executions}
        raise UsageError.because(f"the run has no step `{line(step)}`", hint=suggest(step, known, what="step"))
    last = {
        (execution.start.item, execution.start.role, execution.start.attempt if attempt else 0): execution
        for execution in of_step
        if item in {None, execution.start.item} and attempt in {None, execution.start.attempt}
    }
    if not last:
        wanted = [f"item `{line(item)}`" if item else "", f"attempt {attempt}" if attempt else ""]
        ran = ", ".join(line(execution.label) for execution in of_step)
        raise UsageError.because(
            f"step `{line(step)}` has no {' and '.join(filter(None, wanted))}", hint=f"choose one of {ran}"
        )
    return list(last.values())
