"""What a run's signers can attest, step by step, in the terms of in-toto: who did what, with what, making what. Pure.

Words of the in-toto specification 1.0: a *link* says what one step did, a *layout* which steps there must be, by whom.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from recipe_runner.engine.events import Approval, Genesis, Request, Resume, Skip, StepStart
from recipe_runner.engine.statement import Statement
from recipe_runner.journal.ledger import JOURNAL
from recipe_runner.journal.reading.account import Account, Entry, Execution
from recipe_runner.journal.reading.kept import Kept
from recipe_runner.journal.records.lines import DIGEST
from recipe_runner.language.model import ActionStep, Block
from recipe_runner.sanitise import line

BEGIN, CLOSE = "run.begin", "run.close"
"""Names of links; no step can have them, because a step's id holds no dot."""
DISALLOW = ("DISALLOW", "*")
"""The rule that ends each list of rules: nothing else."""
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


@dataclass(frozen=True, slots=True)
class People:
    """Fingerprints of primary keys: of those who sealed a run, and of those who answered its requests; its roles."""

    signers: tuple[str, ...]
    approvers: tuple[str, ...]
    roles: tuple[str, ...]

    def all(self) -> tuple[str, ...]:
        """Return everybody once."""
        return tuple(dict.fromkeys((*self.signers, *self.approvers)))


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
    found += _approvals(account, texts)
    found += _steps(account, kept, texts)
    closing = account.entries[-1]
    if closed := account.history.closed:
        said = Said(products={JOURNAL: journal_sha256}, byproducts={"outcome": closed.outcome})
        rules = (("REQUIRE", JOURNAL), ("ALLOW", JOURNAL), DISALLOW)
        found.append(Claim(CLOSE, _signers(closing.by), said, (DISALLOW,), rules))
    return found


def people_of(account: Account) -> People:
    """Return who sealed a run, who answered requests, and all roles that somebody must have had."""
    approvers: dict[str, None] = {}
    roles: dict[str, None] = {}
    for entry in account.entries:
        match entry.event:
            case Approval(answer=Statement() as answer):
                approvers[answer.approver] = None
            case Request(role=str(role)):
                roles[role] = None
            case Genesis() | Resume() as session:
                roles |= dict.fromkeys((*session.roles.values(), *session.acting))
            case _:
                pass
    return People(account.signers, tuple(approvers), tuple(roles))


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
                documents = _documents(resumed.recipe, resumed.includes)
                if documents and not documents.items() <= texts.sessions[texts.recipe][1].items():
                    texts.recipe = session
                    texts.sessions[session][1].update(documents)
            case StepStart(step=step, digest=digest) | Request(step=step, digest=digest):
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
    rules = (("ALLOW", "recipe/*"), ("ALLOW", "steps/*"), DISALLOW)
    return Claim(name, _signers(entry.by), said, (DISALLOW,), rules)


def _approvals(account: Account, texts: _Texts) -> Iterator[Claim]:
    """Yield a claim for each step that others approved: by those who approved the last request, as many as it needs."""
    asked: dict[str, tuple[Entry, Request, dict[str, None]]] = {}
    for entry in account.entries:
        match entry.event:
            case Request() as request:
                asked[request.step] = (entry, request, {})
            case Approval(answer=Statement(decision="approve") as answer) if answer.step in asked:
                asked[answer.step][2][answer.approver] = None
            case _:
                pass
    statuses = account.statuses()
    for step, (entry, request, approvers) in asked.items():
        if approvers and statuses.get(step) not in NOT_DEMANDED:
            said = Said(materials={_step(step): request.digest}, byproducts={"decision": "approve"})
            rules = _of_the_step(step, texts.at[entry.n][1])
            yield Claim(f"approve.{step}", tuple(approvers), said, (*rules, DISALLOW), (DISALLOW,), request.needed)


def _of_the_step(step: str, origin: str) -> tuple[tuple[str, ...], ...]:
    """Return the rules by which a step's text must be there, and be that of the link `origin`."""
    return ("REQUIRE", _step(step)), ("MATCH", _step(step), "WITH", "PRODUCTS", "FROM", origin)


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
            *_of_the_step(start.step, in_step),
            ("MATCH", "recipe/*", "WITH", "PRODUCTS", "FROM", in_recipe),
            DISALLOW,
        ),
        (("ALLOW", f"{name}/*"), DISALLOW),
    )


def _by_hand(name: str, entry: Entry) -> Claim:
    event = entry.event
    reason = event.reason if isinstance(event, Skip) else ""
    said = Said(byproducts={"done-by": "hand", "reason": reason}, environment={"began": entry.at.isoformat()})
    return Claim(name, _signers(entry.by), said, (DISALLOW,), (DISALLOW,))


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
