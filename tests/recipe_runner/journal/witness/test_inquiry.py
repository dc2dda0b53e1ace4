from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

from recipe_runner.errors import RecipeError
from recipe_runner.journal.witness.base import WitnessError
from recipe_runner.journal.witness.inquiry import Inquiry


def test_a_question_is_asked_once() -> None:
    """The answer is kept, whatever it is, and who is asked is told once; another question is another one."""
    told: list[str] = []
    asked: list[int] = []
    with Inquiry(told.append) as inquiry:
        for n in range(3):
            assert inquiry.once("git at x", "x", lambda _: asked.append(n)) is None  # noqa: B023 - called at once
        assert inquiry.once("git at y", "y", lambda _: 7) == 7
    assert (told, asked) == (["git at x", "git at y"], [0])


def test_a_failure_is_an_answer_too() -> None:
    """Somebody who could not be reached is not waited for a second time; every run hears the same reason."""
    asked: list[int] = []

    def fail(_: ExitStack) -> None:
        asked.append(0)
        raise WitnessError.because("gone")

    with Inquiry() as inquiry:
        for _ in range(3):
            with pytest.raises(RecipeError, match="gone"):
                inquiry.once("git at x", "x", fail)
    assert asked == [0]


def test_what_an_answer_needs_is_held_until_the_end() -> None:
    """A copy of a repository is there for all runs, and gone afterwards."""
    states: list[str] = []

    @contextmanager
    def copy() -> Iterator[None]:
        states.append("made")
        yield
        states.append("gone")

    with Inquiry() as inquiry:
        inquiry.once("git at x", "x", lambda held: held.enter_context(copy()))
        assert states == ["made"]
    assert states == ["made", "gone"]
