"""How two runs differ: recipe, parameters, steps and what became of them. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from difflib import unified_diff
from pathlib import PurePosixPath

from recipe_runner.engine.events import Approval
from recipe_runner.journal.reading.account import Account
from recipe_runner.journal.reading.kept import Kept
from recipe_runner.journal.reading.narrative import milliseconds, spell, text_of
from recipe_runner.sanitise import line

NOTABLE = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Change:
    """Something that is not the same in both runs; an empty text where one has nothing."""

    kind: str
    name: str
    before: str
    after: str


def changes(before: Account, after: Account) -> Iterator[Change]:
    """Yield what differs: the recipe's identity, parameters, each step's text, outcome, approvals, outputs and time.

    No two runs take the same time: what differs by less than `NOTABLE`, or by less than a tenth, is no change.
    """
    yield from _differing("run", _identity(before), _identity(after))
    yield from _differing("parameter", _parameters(before), _parameters(after))
    yield from _differing("text of step", _digests(before), _digests(after))
    yield from _differing("outcome", before.statuses(), after.statuses())
    yield from _differing("approval", _approvals(before), _approvals(after))
    yield from _differing("output", _outputs(before), _outputs(after))
    yield from _slower_or_faster(_durations(before), _durations(after))


def recipe_diff(before: Kept, after: Kept) -> Sequence[str]:
    """Return the kept recipes' texts as one unified diff, file by file; empty where they are the same."""
    old = {line(PurePosixPath(path).name): text for path, text in before.texts.items()}
    new = {line(PurePosixPath(path).name): text for path, text in after.texts.items()}
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
        "signed by": ", ".join(account.signers) or "nobody (UNTRUSTED)",
    }


def _parameters(account: Account) -> dict[str, str]:
    return {name: text_of(value) for name, value in account.genesis.params.items()}


def _digests(account: Account) -> dict[str, str]:
    return {step.get("id", ""): step.get("sha256", "")[:12] for step in account.genesis.steps}


def _approvals(account: Account) -> dict[str, str]:
    """Return by step the primary keys of those who approved or denied it."""
    said: dict[str, list[str]] = {}
    for entry in account.entries:
        if isinstance(entry.event, Approval) and (answer := entry.event.answer):
            said.setdefault(answer.step, []).append(f"{answer.decision} {answer.approver}")
    return {step: ", ".join(sorted(answers)) for step, answers in said.items()}


def _outputs(account: Account) -> dict[str, str]:
    ended = (execution.end for execution in account.executions if execution.end is not None)
    items = ((f"{end.step} [{end.item}]" if end.item is not None else end.step, end.outputs) for end in ended)
    return {f"{step}.{name}": text_of(value) for step, outputs in items for name, value in outputs.items()}


def _durations(account: Account) -> dict[str, timedelta]:
    """Return by step the time of all its commands."""
    spent: dict[str, timedelta] = {}
    for execution in account.executions:
        if execution.end is not None:
            step = execution.start.step
            spent[step] = spent.get(step, timedelta(0)) + milliseconds(execution.end.duration_ms)
    return spent


def _slower_or_faster(before: Mapping[str, timedelta], after: Mapping[str, timedelta]) -> Iterator[Change]:
    for step, old in before.items():
        new = after.get(step, old)
        if abs(new - old) >= max(NOTABLE, old / 10):
            yield Change("duration", step, spell(old), spell(new))
