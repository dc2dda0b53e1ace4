"""Where a run's texts come from: which link's products hold the recipe, and each step as it was when it ran. Pure."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from recipe_runner.engine.events import Genesis, Request, Resume, StepStart
from recipe_runner.journal.reading.account import Account, Entry
from recipe_runner.journal.records.lines import DIGEST
from recipe_runner.sanitise import line

BEGIN = "run.begin"
"""The name of the first session's link; no step can have it, because a step's id holds no dot."""


@dataclass(slots=True)
class Texts:
    """By link: `recipe` holds the recipe's text now, `step` each step's that has been changed since the beginning.

    `at` has both links by the number of each record with which a step began, `digests` the sha256 of each step's text
    now, `sessions` what each link is of and its products.
    """

    recipe: str = BEGIN
    step: dict[str, str] = field(default_factory=dict)
    digests: dict[str, str] = field(default_factory=dict)
    at: dict[int, tuple[str, str]] = field(default_factory=dict)
    sessions: dict[str, tuple[Entry, dict[str, str]]] = field(default_factory=dict)


def texts_of(account: Account) -> Texts:
    """Follow a run's sessions and the texts that each of them brought."""
    texts = Texts()
    session = BEGIN
    for entry in account.entries:
        match entry.event:
            case Genesis() as first:
                texts.digests = {step.get("id", ""): step.get("sha256", "") for step in first.steps}
                documents = _documents(first.recipe, first.includes)
                products = documents | {step_path(i): d for i, d in texts.digests.items() if DIGEST.match(d)}
                texts.sessions[BEGIN] = (entry, products)
            case Resume() as resumed:
                session = f"run.session-{resumed.session}"
                texts.sessions[session] = (entry, {})
                documents = _documents(resumed.recipe, resumed.includes)
                if documents and not documents.items() <= texts.sessions[texts.recipe][1].items():
                    texts.recipe = session
                    texts.sessions[session][1].update(documents)
            case StepStart(step=step, digest=digest) | Request(step=step, digest=digest):
                if digest and texts.digests.get(step) != digest:
                    texts.digests[step] = digest
                    texts.step[step] = session
                    texts.sessions[session][1][step_path(step)] = digest
                texts.at[entry.n] = (texts.recipe, texts.step.get(step, BEGIN))
            case _:
                pass
    return texts


def step_path(step: str) -> str:
    """Return the path under which a step's text is an artefact."""
    return f"steps/{line(step)}"


def _documents(recipe: Mapping[str, Any], includes: Iterable[Mapping[str, Any]] = ()) -> dict[str, str]:
    """Return the recipe by its file's name, and what it includes by paths from there."""
    main = str(recipe.get("path") or recipe.get("name") or "recipe.md")
    found = {posixpath.basename(main): str(recipe.get("sha256", ""))}
    for include in includes:
        path = str(include.get("path") or include.get("name") or "")
        found[posixpath.relpath(path or ".", posixpath.dirname(main) or ".")] = str(include.get("sha256", ""))
    return {line(f"recipe/{path}"): sha256 for path, sha256 in found.items() if DIGEST.match(sha256)}
