"""The recipe as it was when it ran, from the blobs in which a run keeps its text."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from recipe_runner.engine.events import Genesis, Resume
from recipe_runner.errors import VerificationError
from recipe_runner.journal.reading.account import Account
from recipe_runner.journal.records.lines import DIGEST
from recipe_runner.journal.store.blobs import read_blob
from recipe_runner.language.model import ActionStep, Recipe, Step
from recipe_runner.language.parse import survey


@dataclass(frozen=True, slots=True)
class Kept:
    """What could be read: `texts` by path, `steps` by id as they were last, and `code` by its sha256.

    `code` has what a `step_start` names as its `command`: a script's text, or an action's fence. It is the very text
    that ran, whatever else about the recipe may be missing or changed.
    """

    texts: Mapping[str, str]
    steps: Mapping[str, Step]
    code: Mapping[str, str]


def kept(run: Path, account: Account) -> Kept:
    """Read the recipe of a run, as it began and as each resumption found it; what is missing is left out."""
    texts: dict[str, str] = {}
    steps: dict[str, Step] = {}
    code: dict[str, str] = {}
    for documents in _sessions(account):
        path = next(iter(documents))

        def read(name: str, named: Mapping[str, str] = documents) -> bytes:
            return _blob(run, named.get(name, ""))

        for name in documents:
            with contextlib.suppress(OSError):
                texts[name] = read(name).decode("utf-8", "replace")
        if path in texts:
            recipe, _ = survey(path, read(path), read=read)
            steps |= {step.id: step for step in recipe.steps}
            code |= _code(recipe)
    return Kept(texts, steps, code)


def _sessions(account: Account) -> list[dict[str, str]]:
    """Return for each session in which the recipe was another one its files, itself first: path → sha256."""
    sessions: list[Genesis | Resume] = [
        account.genesis,
        *(e.event for e in account.entries if isinstance(e.event, Resume)),
    ]
    found = [
        {str(entry.get("path") or entry.get("name") or "recipe.md"): str(entry.get("sha256")) for entry in documents}
        for documents in ((session.recipe, *session.includes) for session in sessions)
    ]
    return [documents for n, documents in enumerate(found) if documents not in found[:n]]


def _blob(run: Path, sha256: str) -> bytes:
    """Return a blob; raises OSError, as a reader of includes must."""
    if not DIGEST.match(sha256):
        raise FileNotFoundError(sha256)
    try:
        return read_blob(run, sha256)
    except VerificationError as error:
        raise FileNotFoundError(sha256) from error


def _code(recipe: Recipe) -> dict[str, str]:
    texts = [script.text for script in recipe.scripts()]
    texts += [step.source for step in recipe.steps if isinstance(step, ActionStep)]
    return {hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest(): text for text in texts}
