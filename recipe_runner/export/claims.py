"""What a run's signers can attest, step by step, in the terms of in-toto: who did what, with what, making what. Pure.

Words of the in-toto specification 1.0: a *link* says what one step did, a *layout* which steps there must be, by whom.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from recipe_runner.engine.events import Approval, Genesis, Request, Resume, Skip, StepStart
from recipe_runner.engine.statement import Statement
from recipe_runner.export.texts import Texts, step_path, texts_of
from recipe_runner.journal.ledger import JOURNAL
from recipe_runner.journal.reading.account import Account, Entry, Execution
from recipe_runner.journal.reading.kept import Kept
from recipe_runner.journal.records.lines import DIGEST
from recipe_runner.language.model import ActionStep, Block

CLOSE = "run.close"
"""The name of a link; no step can have it, because a step's id holds no dot."""
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


def claims(account: Account, kept: Kept, journal_sha256: str) -> list[Claim]:
    """Return what a layout of this run demands, in order: its beginning, the steps, its end.

    Steps that were skipped, did not apply, or whose failure was accepted are not demanded (see `left_out`); a step that
    is not done is demanded, and nobody can attest it.
    """
    texts = texts_of(account)
    found = [_opening(name, entry, products) for name, (entry, products) in texts.sessions.items()]
    found += _approvals(account, texts)
    found += _steps(account, kept, texts)
    closing = account.entries[-1]
    if closed := account.history.closed:
        said = Said(products={JOURNAL: journal_sha256}, byproducts={"outcome": closed.outcome})
        rules = (("REQUIRE", JOURNAL), ("ALLOW", JOURNAL), DISALLOW)
        found.append(Claim(CLOSE, _signers(closing.by), said, (DISALLOW,), rules))
    return found


def left_out(account: Account) -> list[str]:
    """Return what the layout does not demand, each with the reason that was given."""
    reasons = {entry.event.step: entry.event for entry in account.entries if isinstance(entry.event, Skip)}
    return [
        f"{step}: {status}{f' ({reasons[step].reason})' if step in reasons and reasons[step].reason else ''}"
        for step, status in account.statuses().items()
        if status in NOT_DEMANDED
    ]


def _opening(name: str, entry: Entry, products: dict[str, str]) -> Claim:
    event = entry.event
    who = {"operator": event.operator, "host": event.host} if isinstance(event, Genesis | Resume) else {}
    said = Said(products=products, environment={**who, "began": entry.at.isoformat()})
    rules = (("ALLOW", "recipe/*"), ("ALLOW", "steps/*"), DISALLOW)
    return Claim(name, _signers(entry.by), said, (DISALLOW,), rules)


def _approvals(account: Account, texts: Texts) -> Iterator[Claim]:
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
            said = Said(materials={step_path(step): request.digest}, byproducts={"decision": "approve"})
            rules = _rules_of_text(step, texts.at[entry.n][1])
            yield Claim(f"approve.{step}", tuple(approvers), said, (*rules, DISALLOW), (DISALLOW,), request.needed)


def _rules_of_text(step: str, origin: str) -> tuple[tuple[str, ...], ...]:
    """Return the rules by which a step's text must be there, and be that of the link `origin`."""
    return ("REQUIRE", step_path(step)), ("MATCH", step_path(step), "WITH", "PRODUCTS", "FROM", origin)


def _steps(account: Account, kept: Kept, texts: Texts) -> Iterator[Claim]:
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


def _ran(name: str, ran: Execution, kept: Kept, texts: Texts, account: Account) -> Claim:
    start, end = ran.start, ran.end
    in_recipe, in_step = texts.at[ran.n]
    recipe = texts.sessions[in_recipe][1]
    materials = {path: sha256 for path, sha256 in recipe.items() if path.startswith("recipe/")}
    materials |= {step_path(start.step): start.digest} if start.digest else {}
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
            *_rules_of_text(start.step, in_step),
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


def _signers(by: str | None) -> tuple[str, ...]:
    return (by,) if by else ()
