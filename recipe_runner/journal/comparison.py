"""How two runs differ: recipe, parameters, steps and what became of them. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from difflib import unified_diff
from pathlib import PurePosixPath

from recipe_runner.journal.account import Account
from recipe_runner.journal.kept import Kept
from recipe_runner.journal.narrative import milliseconds, spell, text_of


@dataclass(frozen=True, slots=True)
class Change:
    """Something that is not the same in both runs; an empty text where one has nothing."""

    kind: str
    name: str
    before: str
    after: str


def changes(before: Account, after: Account) -> Iterator[Change]:
    """Yield what differs: identity of the recipe, parameters, text and outcome of each step, time it took."""
    yield from _differing("run", _identity(before), _identity(after))
    yield from _differing("parameter", _parameters(before), _parameters(after))
    yield from _differing("text of step", _digests(before), _digests(after))
    yield from _differing("outcome", before.statuses(), after.statuses())
    yield from _differing("duration", _durations(before), _durations(after))


def recipe_diff(before: Kept, after: Kept) -> Sequence[str]:
    """Return the kept recipes' texts as one unified diff, file by file; empty where they are the same."""
    old = {PurePosixPath(path).name: text for path, text in before.texts.items()}
    new = {PurePosixPath(path).name: text for path, text in after.texts.items()}
    return [
        row
        for name in dict.fromkeys((*old, *new))
        for row in unified_diff(
            old.get(name, "").splitlines(), new.get(name, "").splitlines(), f"a/{name}", f"b/{name}", lineterm=""
        )
    ]


def _differing(kind: str, before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[Change]:
    for name in dict.fromkeys((*before, *after)):
        if before.get(name) != after.get(name):
            yield Change(kind, name, before.get(name, ""), after.get(name, ""))


def _identity(account: Account) -> dict[str, str]:
    first = account.genesis
    return {
        "recipe": account.recipe_name,
        "recipe's sha256": str(first.recipe.get("sha256", ""))[:12],
        "operator": first.operator,
        "host": first.host,
        "answers": first.mode,
    }


def _parameters(account: Account) -> dict[str, str]:
    return {name: text_of(value) for name, value in account.genesis.params.items()}


def _digests(account: Account) -> dict[str, str]:
    return {step.get("id", ""): step.get("sha256", "")[:12] for step in account.genesis.steps}


def _durations(account: Account) -> dict[str, str]:
    """Return by step the time of all its commands, as precise as people read it."""
    spent: dict[str, timedelta] = {}
    for execution in account.executions:
        if execution.end is not None:
            step = execution.start.step
            spent[step] = spent.get(step, timedelta(0)) + milliseconds(execution.end.duration_ms)
    return {step: spell(time) for step, time in spent.items()}
