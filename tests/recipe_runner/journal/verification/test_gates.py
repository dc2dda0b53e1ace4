"""What the vectors do not say about approvals: several signers, and demands that only the policy has."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import pytest

from recipe_runner.engine.approval import Demand
from recipe_runner.engine.events import Close, Resume
from recipe_runner.journal.policy import Policy
from recipe_runner.journal.signers.signer import Signer
from recipe_runner.journal.store.journal import Journal
from recipe_runner.journal.verification.verdict import Report, Verdict
from recipe_runner.journal.verification.verify import verify
from tests.fixtures.journals.approvals import People, Story
from tests.recipe_runner.journal.keyring import Keyring
from tests.recipe_runner.journal.runs import RUN, genesis

CLOSE = Close(outcome="done", done=1, skipped=0, total=1)


@pytest.fixture(scope="module")
def people(keys: Keyring) -> People:
    """Return everybody with a key."""
    return People.made(keys)


def trusting(people: People, demands: dict[str, Demand] | None = None) -> Policy:
    """Let the operator and Bob run, Bob and Carol approve."""
    everybody = (people.operator, people.bob, people.carol)
    return Policy(
        frozenset({people.operator.primary, people.bob.primary}),
        tuple(person.certificate(person.primary) for person in everybody),
        approvals=demands or {},
        approvers=frozenset({people.bob.primary, people.carol.primary}),
        roles={people.bob.primary: frozenset({"security"}), people.carol.primary: frozenset({"security"})},
    )


def told(people: People, place: Path, *, needed: int, then: Sequence[tuple[Signer, str]] = ()) -> Path:
    """Write a run in which Bob and Carol approve what the operator does, and with which others may go on, by name."""
    run = place / RUN
    with Journal.create(run, genesis(approvals={"a": needed} if needed else {}), people.operator) as journal:
        story = Story(people, journal, run)
        story.ask()
        story.answer(people.bob)
        story.answer(people.carol)
        if not then:
            story.carry_out()
            journal.record(CLOSE)
    for number, (signer, name) in enumerate(then, 2):
        with Journal.reopen(run, partial(_given, signer)) as journal:
            journal.record(Resume(session=number, operator=name))
            if number > len(then):
                Story(people, journal, run).carry_out()
                journal.record(CLOSE)
    return run


def _given(signer: Signer, _: object) -> Signer:
    return signer


def test_an_approver_who_goes_on_with_the_run_does_not_count(people: People, tmp_path: Path) -> None:
    """Bob may run and may approve, but not both in one run: then only Carol is left."""
    then = ((people.bob, "bob"), (people.operator, "me"))
    report = verify(told(people, tmp_path, needed=2, then=then), trusting(people))
    assert report.verdict is Verdict.UNTRUSTED
    assert "1 of 2 have approved it" in report.reasons[0]
    (tmp_path / "one").mkdir()
    assert verify(told(people, tmp_path / "one", needed=1, then=then), trusting(people)).verdict is Verdict.VALID


def test_an_approval_is_for_the_key_and_the_name_that_asked(people: People, tmp_path: Path) -> None:
    """What was approved for one person is not approved for another, nor for another name with the same key."""
    for name, signer in (("bob", people.bob), ("you", people.operator)):
        (tmp_path / name).mkdir()
        report = verify(told(people, tmp_path / name, needed=1, then=((signer, name),)), trusting(people))
        assert report.verdict is Verdict.UNTRUSTED
        assert f"asked for by me with {people.operator.primary}, and somebody else ran it" in report.reasons[0]


@pytest.mark.parametrize(
    ("demand", "verdict"),
    [
        (Demand(2), Verdict.VALID),
        (Demand(2, "security"), Verdict.VALID),
        (Demand(3), Verdict.UNTRUSTED),
        (Demand(1, "docs"), Verdict.UNTRUSTED),
    ],
)
def test_the_policy_may_demand_more_than_the_run(
    people: People, tmp_path: Path, demand: Demand, verdict: Verdict
) -> None:
    """The higher number counts, and the role that the policy asks for."""
    report = verify(told(people, tmp_path, needed=1), trusting(people, {"a": demand}))
    assert report.verdict is verdict, report


def test_a_step_that_nobody_has_is_not_approved(people: People, tmp_path: Path) -> None:
    """A step that was renamed does not slip through: the policy's name for it is missed."""
    report = verify(told(people, tmp_path, needed=1), trusting(people, {"publish": Demand(1)}))
    assert (report.verdict, len(report.reasons)) == (Verdict.UNTRUSTED, 1)


def test_who_approved_is_reported_by_fingerprint(people: People, tmp_path: Path) -> None:
    """The facts name record, step, decision and primary key, and that approvers vouch for the time."""
    report: Report = verify(told(people, tmp_path, needed=2), trusting(people))
    assert [given.approver for given in report.facts.approvals] == [people.bob.primary, people.carol.primary]
    assert report.facts.trusted_time == "approver"
    assert "bob" not in str(report.to_json())
