from __future__ import annotations

import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from recipe_runner.journal.ledger import Ledger
from recipe_runner.journal.policy import Policy
from recipe_runner.journal.signers.signer import Signer
from recipe_runner.journal.store.journal import Journal
from recipe_runner.journal.verification.verdict import Report, Verdict
from recipe_runner.journal.verification.verify import verify
from recipe_runner.journal.witness.base import TrustedWitness
from tests.recipe_runner.journal import forge
from tests.recipe_runner.journal.keyring import Keyring
from tests.recipe_runner.journal.runs import SMALL, genesis, write_run

FIRST, SECOND, THIRD = ("1" * 32, "2" * 32, "3" * 32)
Chained = tuple[Path, Path, Path]


@pytest.fixture
def runs(tmp_path: Path, signer: Signer) -> Chained:
    """Write three runs, one after the other, below one directory."""
    first, second, third = (
        write_run(tmp_path / "runs" / run, signer, first=genesis(run)) for run in (FIRST, SECOND, THIRD)
    )
    return first, second, third


def rewritten(run: Path, signer: Signer) -> None:
    """Tell another story of a run, and seal it."""
    forge.write(run, forge.chained(forge.edited(forge.read(run)), sign=signer.sign))


def said(report: Report) -> list[tuple[str, int | None, str | None]]:
    """Return what the ledger says: outcome, records, and which run says it."""
    return [(a.outcome, a.records, a.address) for a in report.facts.witnesses if a.kind == "ledger"]


def demanding(policy: Policy) -> Policy:
    """Demand that a later run vouches for the close."""
    return replace(policy, witnesses=(TrustedWitness("ledger", required=frozenset({"close"})),))


def test_each_run_vouches_for_the_one_before_it(runs: Chained, policy: Policy) -> None:
    """The next run names this one's last seal, and this one that of the run before; the last has nobody."""
    for run in runs[:2]:
        report = verify(run, demanding(policy))
        assert report.verdict is Verdict.VALID, report.reasons
    assert said(verify(runs[0], policy)) == [("vouches", 8, SECOND)]
    assert verify(runs[0], policy).facts.before is None
    before = verify(runs[2], policy).facts.before
    assert before is not None
    assert (before.run, before.records, before.state) == (SECOND, 8, "unchanged")
    last = verify(runs[2], demanding(policy))
    assert last.verdict is Verdict.UNTRUSTED
    assert "no witness `ledger` vouches for the close" in last.reasons[0]
    assert verify(runs[2], policy).verdict is Verdict.VALID


def test_a_rewritten_run_is_contradicted_by_the_next(runs: Chained, policy: Policy, signer: Signer) -> None:
    """Its key holder can seal another story, but the run after it has named the first one."""
    rewritten(runs[0], signer)
    report = verify(runs[0], policy)
    assert report.verdict is Verdict.INVALID
    assert said(report) == [("contradicts", 8, SECOND)]
    after = verify(runs[1], policy)
    assert after.verdict is Verdict.VALID
    assert after.facts.before is not None
    assert after.facts.before.state == "changed"
    assert verify(runs[1], demanding(policy)).verdict is Verdict.UNTRUSTED


def test_a_good_copy_does_not_hide_a_bad_one(runs: Chained, policy: Policy, signer: Signer) -> None:
    """Where one of two copies of the run before was rewritten, that is said."""
    shutil.copytree(runs[0], runs[0].with_name("copy"))
    rewritten(runs[0], signer)
    before = verify(runs[1], policy).facts.before
    assert before is not None
    assert before.state == "changed"


def test_a_removed_run_is_missed_by_the_next(runs: Chained, policy: Policy) -> None:
    """A run that is gone is named by the one after it; a policy that wants the ledger whole does not trust that."""
    shutil.rmtree(runs[0])
    report = verify(runs[1], policy)
    assert report.verdict is Verdict.VALID
    assert report.facts.before is not None
    assert report.facts.before.state == "missing"
    demanded = verify(runs[1], demanding(policy))
    assert demanded.verdict is Verdict.UNTRUSTED
    assert FIRST in demanded.reasons[0]


def test_an_auditors_own_copies_are_the_better_ledger(
    runs: Chained, policy: Policy, signer: Signer, tmp_path: Path
) -> None:
    """Where all runs are rewritten in place, those that the auditor kept elsewhere still contradict."""
    shutil.copytree(runs[0].parent, tmp_path / "kept")
    rewritten(runs[0], signer)
    shutil.rmtree(runs[1])
    assert verify(runs[0], policy).verdict is Verdict.VALID
    assert verify(runs[0], policy, Ledger.read(tmp_path / "kept")).verdict is Verdict.INVALID


def test_only_allowed_keys_speak(runs: Chained, policy: Policy, keys: Keyring) -> None:
    """A stranger's run beside it, an unsigned or a damaged one, neither vouches nor contradicts."""
    stranger = keys.signer(keys.make("Stranger <stranger@x.example>"))
    for number, signer in (("4", stranger), ("5", None)):
        os.utime(runs[0] / "journal.jsonl", (4e9, 4e9))
        write_run(runs[0].parent / (number * 32), signer, first=genesis(number * 32))
    records = forge.read(runs[1])
    records[0]["prev_run"]["head"] = "0" * 64
    forge.write(runs[1], forge.chained(records))
    report = verify(runs[0], policy)
    assert report.verdict is Verdict.VALID
    assert {outcome for outcome, _, _ in said(report)} == {"silent"}
    assert len(said(report)) == 3


def test_a_tail_without_a_seal_is_named_by_nobody(tmp_path: Path, policy: Policy, signer: Signer) -> None:
    """What a crash may still take away from a run is not what the next run names."""
    first = tmp_path / FIRST
    with Journal.create(first, genesis(FIRST), signer) as journal:
        journal.record(SMALL[0])
    with (first / "journal.jsonl").open("ab") as file:
        file.write(forge.raw({"n": 4, "t": "note", "text": "x" * 300_000}))
    write_run(tmp_path / SECOND, signer, first=genesis(SECOND))
    Journal.reopen(first, lambda _: signer).close()
    assert said(verify(first, policy)) == [("vouches", 4, SECOND)]


def test_hostile_links_are_no_links(tmp_path: Path, policy: Policy, signer: Signer) -> None:
    """Whatever else than null or a link stands in `prev_run` ends in INVALID."""
    run = write_run(tmp_path / FIRST, signer, first=genesis(FIRST))
    links: tuple[object, ...] = (
        "x",
        7,
        [],
        {},
        {"run": FIRST, "head": "0" * 64, "records": -1},
        {"run": "../..", "head": "a" * 64, "records": 1},
        {"run": FIRST, "head": "a" * 64, "records": True},
        {"run": FIRST, "head": "a" * 64, "records": 1, "more": 1},
    )
    for link in links:
        records = forge.read(run)
        records[0]["prev_run"] = link
        forge.write(run, forge.chained(records, sign=signer.sign))
        report = verify(run, policy)
        assert (report.verdict, report.bad_record, "`prev_run`" in report.reasons[0]) == (Verdict.INVALID, 0, True)
