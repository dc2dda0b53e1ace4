from __future__ import annotations

import json
from dataclasses import asdict

from hypothesis import given
from hypothesis import strategies as st

from recipe_runner.journal.verification.verdict import Before, Doubt, Facts, Given, Report, Verdict
from recipe_runner.journal.witness.base import Attestation

DOUBTS = st.builds(
    Doubt, st.sampled_from([v for v in Verdict if v is not Verdict.VALID]), st.text(), st.none() | st.integers(0, 99)
)


def test_the_exit_codes_are_those_that_are_documented() -> None:
    """0 VALID, 1 INVALID, 2 INCOMPLETE, 3 UNTRUSTED."""
    assert {v.value: v.exit_code for v in Verdict} == {"VALID": 0, "INVALID": 1, "INCOMPLETE": 2, "UNTRUSTED": 3}


@given(st.lists(DOUBTS))
def test_the_worst_doubt_decides_and_none_is_left_out(doubts: list[Doubt]) -> None:
    """VALID needs the absence of doubt; INVALID outweighs UNTRUSTED, which outweighs INCOMPLETE."""
    report = Report.of(doubts, Facts())
    order = [Verdict.INVALID, Verdict.UNTRUSTED, Verdict.INCOMPLETE, Verdict.VALID]
    assert report.verdict is next(v for v in order if v is Verdict.VALID or any(d.verdict is v for d in doubts))
    assert all(any(doubt.text in reason for reason in report.reasons) for doubt in doubts)
    assert len(report.reasons) <= len(doubts)


def test_the_first_bad_record_is_named() -> None:
    """Of the records behind the verdict the earliest is the bad one; milder doubts do not count."""
    doubts = [
        Doubt(Verdict.INCOMPLETE, "torn", 1),
        Doubt(Verdict.INVALID, "changed", 7),
        Doubt(Verdict.INVALID, "changed", 5),
    ]
    report = Report.of(doubts, Facts())
    assert report.bad_record == 5
    assert report.reasons == ("records 5, 7: changed", "record 1: torn")


def test_many_records_of_one_kind_are_one_reason() -> None:
    """A key that is not trusted is one reason, not one for each of its seals."""
    report = Report.of([Doubt(Verdict.UNTRUSTED, "expired", n) for n in range(1, 400, 2)], Facts())
    assert report.reasons == ("records 1, 3, 5, 7, 9 and 195 more: expired",)


def test_a_report_is_plain_data() -> None:
    """The report can be written as JSON, with verdict and reasons in it."""
    report = Report.of([Doubt(Verdict.UNTRUSTED, "changed", 7)], Facts(run="ab", signers=("A" * 40,)))
    data = json.loads(json.dumps(report.to_json()))
    assert (data["verdict"], data["reasons"], data["bad_record"]) == ("UNTRUSTED", ["record 7: changed"], 7)
    assert (data["run"], data["signers"], data["trusted_time"]) == ("ab", ["A" * 40], "none")


def test_an_invalid_report_states_nothing_that_the_journal_says() -> None:
    """What is left are the reasons, how much was read, and the witnesses who contradict it."""
    against = Attestation("git", "contradicts", "it has another head", "audit.git", 4)
    facts = Facts(
        run="ab",
        recipe="small.md",
        recipe_sha256="d" * 64,
        outcome="done",
        signers=("A" * 40,),
        signing_keys=("A" * 40,),
        records=9,
        seals=4,
        sessions=2,
        set_aside=1,
        approvals=(Given("a", 1, "approve", "B" * 40, "2026-11-25T12:00:00.000000Z", 3),),
        trusted_time="RFC 3161",
        second_opinion="`sqv` agrees on 4 signatures",
        witnesses=(Attestation("tsa", "vouches", "it was there", "", 2, "2026-11-25T12:00:00Z"), against),
        before=Before("cd", 3, "unchanged"),
    )
    data = Report.of([Doubt(Verdict.INVALID, "changed", 7)], facts).to_json()
    said = {name: value for name, value in data.items() if value and name not in {"verdict", "reasons", "bad_record"}}
    assert said == {"records": 9, "trusted_time": "none", "witnesses": [asdict(against)]}
