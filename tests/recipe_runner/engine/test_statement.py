from __future__ import annotations

from typing import get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recipe_runner.engine.events import Approval, StepStart
from recipe_runner.engine.history import History
from recipe_runner.engine.statement import Decision, Statement

SHA = "0123456789abcdef" * 4
SAID = Statement(
    run="0" * 32,
    step="publish",
    attempt=1,
    digest=SHA,
    command=SHA,
    head=SHA,
    expires="2026-11-26T00:00:00.000000Z",
    decision="approve",
    approver="A" * 40,
    key="B" * 40,
    signed="2026-11-25T00:00:00.000000Z",
    reason="it is good",
)


@given(
    decision=st.sampled_from(get_args(Decision)),
    attempt=st.integers(1, 999_999_999),
    reason=st.text(st.characters(exclude_categories=["Cc", "Cs"])),
)
def test_a_statement_is_read_back(decision: Decision, attempt: int, reason: str) -> None:
    """The signed text holds every part, also a reason in any language, and nothing else."""
    said = msgspec.structs.replace(SAID, decision=decision, attempt=attempt, reason=reason)
    assert Statement.parse(said.text()) == said


@pytest.mark.parametrize(
    "text",
    [
        "",
        SAID.text()[:-1],
        SAID.text() + "\n",
        SAID.text().replace("approve\n", "maybe\n"),
        SAID.text().replace("attempt: 1", "attempt: 01"),
        SAID.text().replace("attempt: 1", "attempt: 0"),
        SAID.text().replace("\n", "\r\n"),
        SAID.text().replace("it is good", "it\nis good"),
        SAID.text().replace("it is good", "it\x1bis good"),
        SAID.text().replace("it is good", "it is \ud800 good"),
        SAID.text().replace("run: ", "run:  "),
        SAID.text().replace("v1", "v2"),
    ],
)
def test_what_is_not_exactly_a_statement_is_none(text: str) -> None:
    """There is one form, so that nobody can read the same bytes in two ways."""
    with pytest.raises(ValueError, match="recipe-run-approval/v1"):
        Statement.parse(text)


@pytest.mark.parametrize("text", ["", SAID.text()])
def test_an_answer_to_nothing_counts_for_nothing(text: str) -> None:
    """A journal with an approval that says nothing, or that nobody asked for, can still be read."""
    history = History.of([Approval(stmt=text, sig=""), StepStart(step="publish")])
    assert history.pending == {}
