"""What a run's signers can attest, step by step, in the terms of in-toto: who did what, with what, making what. Pure.

Words of the in-toto specification 1.0: a *link* says what one step did, a *layout* which steps there must be, by whom.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from recipe_runner.engine.events import Close, Genesis, Resume, Skip, StepStart
from recipe_runner.journal.account import Account, Entry, Execution
from recipe_runner.journal.kept import Kept
from recipe_runner.journal.ledger import JOURNAL
from recipe_runner.journal.lines import DIGEST
from recipe_runner.language.model import ActionStep, Block
from recipe_runner.sanitise import line

BEGIN, CLOSE = "run.begin", "run.close"
"""Names of links; no step can have them, because a step's id holds no dot."""
WRITTEN = ("stdout", "stderr")
NOT_DEMANDED = frozenset({"skipped", "accepted", "not-applicable"})
Artifacts = Mapping[str, str]
"""Path of an artefact → its sha256."""


@dataclass(frozen=True, slots=True)
class Said:
    """What a link says besides its name."""

    command: tuple[str, ...] = ()
    materials: Artifacts = field(default_factory=dict)
    products: Artifacts = field(default_factory=dict)
    byproducts: Mapping[str, Any] = field(default_factory=dict)
    environment: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Claim:
    """A step of the layout: `by` are the primary keys that may attest it, `said` is None where nobody can.

    `materials` and `products` are artifact rules as in-toto writes them.
    """

    name: str
    by: tuple[str, ...]
    said: Said | None
    materials: tuple[tuple[str, ...], ...] = ()
    products: tuple[tuple[str, ...], ...] = ()
    threshold: int = 1


@dataclass(slots=True)
class _Texts:
    """Which link's products hold the recipe's text, and each step's, as they were when a step ran."""

    recipe: str = BEGIN
    step: dict[str, str] = field(default_factory=dict)
    digests: dict[str, str] = field(default_factory=dict)
    at: dict[int, tuple[str, str]] = field(default_factory=dict)
    sessions: dict[str, tuple[Entry, dict[str, str]]] = field(default_factory=dict)


def claims(account: Account, kept: Kept, journal_sha256: str) -> list[Claim]:
    """Return what a layout of this run demands, in order: its beginning, the steps, its end.

    Steps that were skipped, did not apply, or whose failure was accepted are not demanded (see `left_out`); a step that
    is not done is demanded, and nobody can attest it.
    """
    texts = _texts(account)
    found = [_opening(name, entry, products) for name, (entry, products) in texts.sessions.items()]
    found += _steps(account, kept, texts)
    closing = account.entries[-1]
    if isinstance(closing.event, Close):
        said = Said(products={JOURNAL: journal_sha256}, byproducts={"outcome": closing.event.outcome})
        rules = (("REQUIRE", JOURNAL), ("ALLOW", JOURNAL), ("DISALLOW", "*"))
        found.append(Claim(CLOSE, _signers(closing.by), said, (("DISALLOW", "*"),), rules))
    return found


def left_out(account: Account) -> list[str]:
    """Return what the layout does not demand, each with the reason that was given."""
    reasons = {entry.event.step: entry.event for entry in account.entries if isinstance(entry.event, Skip)}
    return [
        f"{step}: {status}{f' ({reasons[step].reason})' if step in reasons and reasons[step].reason else ''}"
        for step, status in account.statuses().items()
        if status in NOT_DEMANDED
    ]


def _texts(account: Account) -> _Texts:
    texts = _Texts()
    session = BEGIN
    for entry in account.entries:
        match entry.event:
            case Genesis() as first:
                texts.digests = {step.get("id", ""): step.get("sha256", "") for step in first.steps}
                documents = _documents(first.recipe, first.includes)
                products = documents | {_step(i): d for i, d in texts.digests.items() if DIGEST.match(d)}
                texts.sessions[BEGIN] = (entry, products)
            case Resume() as resumed:
                session = f"run.session-{resumed.session}"
                texts.sessions[session] = (entry, {})
                documents = _documents(resumed.recipe)
                if documents and not documents.items() <= texts.sessions[texts.recipe][1].items():
                    texts.recipe = session
                    texts.sessions[session][1].update(documents)
            case StepStart(step=step, digest=digest):
                if digest and texts.digests.get(step) != digest:
                    texts.digests[step] = digest
                    texts.step[step] = session
                    texts.sessions[session][1][_step(step)] = digest
                texts.at[entry.n] = (texts.recipe, texts.step.get(step, BEGIN))
            case _:
                pass
    return texts


def _opening(name: str, entry: Entry, products: dict[str, str]) -> Claim:
    event = entry.event
    who = {"operator": event.operator, "host": event.host} if isinstance(event, Genesis | Resume) else {}
    said = Said(products=products, environment={**who, "began": entry.at.isoformat()})
    rules = (("ALLOW", "recipe/*"), ("ALLOW", "steps/*"), ("DISALLOW", "*"))
    return Claim(name, _signers(entry.by), said, (("DISALLOW", "*"),), rules)


def _steps(account: Account, kept: Kept, texts: _Texts) -> Iterator[Claim]:
    done = {(e.start.step, e.start.item): e for e in account.executions if e.outcome == "ok" and e.start.role == "run"}
    skips = {(e.event.step, e.event.item): e for e in account.entries if isinstance(e.event, Skip)}
    items: dict[str, list[str | None]] = {step: [] for step in account.statuses()}
    for step, item in account.history.tracks:
        items[step].append(item)
    for step, found in items.items():
        for number, item in enumerate(found or [None], 1):
            track = account.history.tracks.get((step, item))
            status = track.status if track else "waiting"
            if status in NOT_DEMANDED:
                continue
            name = step if item is None else f"{step}.{number}"
            ran, skip = done.get((step, item)), skips.get((step, item))
            if status == "done" and ran is not None and (skip is None or skip.n < ran.n):
                yield _ran(name, ran, kept, texts, account)
            elif status == "done" and skip is not None:
                yield _by_hand(name, skip)
            else:
                yield Claim(name, _signers(account.entries[-1].by), None)


def _ran(name: str, ran: Execution, kept: Kept, texts: _Texts, account: Account) -> Claim:
    start, end = ran.start, ran.end
    in_recipe, in_step = texts.at[ran.n]
    recipe = texts.sessions[in_recipe][1]
    materials = {path: sha256 for path, sha256 in recipe.items() if path.startswith("recipe/")}
    materials |= {_step(start.step): start.digest} if start.digest else {}
    blobs = end.blobs if end else {}
    products = {f"{name}/{stream}": blobs[stream]["sha256"] for stream in WRITTEN if stream in blobs}
    outputs = end.outputs if end else {}
    products |= {f"{name}/{key}": v for key, v in outputs.items() if isinstance(v, str) and DIGEST.match(v)}
    said = Said(
        _command(start, kept),
        materials,
        products,
        {"return-value": end.exit_code if end and end.exit_code is not None else 0, "outputs": outputs},
        {
            "began": ran.began.isoformat(),
            "host": start.host or account.genesis.host,
            **({"item": start.item} if start.item is not None else {}),
        },
    )
    return Claim(
        name,
        _signers(ran.by),
        said,
        (
            ("REQUIRE", _step(start.step)),
            ("MATCH", _step(start.step), "WITH", "PRODUCTS", "FROM", in_step),
            ("MATCH", "recipe/*", "WITH", "PRODUCTS", "FROM", in_recipe),
            ("DISALLOW", "*"),
        ),
        (("ALLOW", f"{name}/*"), ("DISALLOW", "*")),
    )


def _by_hand(name: str, entry: Entry) -> Claim:
    event = entry.event
    reason = event.reason if isinstance(event, Skip) else ""
    said = Said(byproducts={"done-by": "hand", "reason": reason}, environment={"began": entry.at.isoformat()})
    nothing = (("DISALLOW", "*"),)
    return Claim(name, _signers(entry.by), said, nothing, nothing)


def _documents(recipe: Mapping[str, Any], includes: Iterable[Mapping[str, Any]] = ()) -> dict[str, str]:
    """Return the recipe by its file's name, and what it includes by paths from there."""
    main = str(recipe.get("path") or recipe.get("name") or "recipe.md")
    found = {posixpath.basename(main): str(recipe.get("sha256", ""))}
    for include in includes:
        path = str(include.get("path") or include.get("name") or "")
        found[posixpath.relpath(path or ".", posixpath.dirname(main) or ".")] = str(include.get("sha256", ""))
    return {line(f"recipe/{path}"): sha256 for path, sha256 in found.items() if DIGEST.match(sha256)}


def _command(start: StepStart, kept: Kept) -> tuple[str, ...]:
    code = kept.code.get(start.command)
    if code is None:
        return (f"sha256:{start.command}",)
    match kept.steps.get(start.step):
        case Block(script=script):
            return (script.language, code)
        case ActionStep(action=action):
            return (action, code)
        case _:
            return (code,)


def _step(step: str) -> str:
    return f"steps/{line(step)}"


def _signers(by: str | None) -> tuple[str, ...]:
    return (by,) if by else ()
