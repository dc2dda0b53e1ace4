from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recipe_runner.language.conditions import Condition, Operator, parse_condition

VALUES: dict[str, str | tuple[str, ...]] = {
    "yes": "true", "no": "false", "empty": "", "channel": "beta", "region": "us-east-1",
    "regions": ("us-east-1", "eu-west-1"), "none": (), "note": "two words",
}  # fmt: skip


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("yes", True), ("no", False), ("empty", False), ("unknown", False), ("channel", True), ("none", False),
        ("regions", True), ("!yes", False), ("!no", True), ("! empty", True), ("!channel", False),
        ("channel == beta", True), ("channel==beta", True), ("channel == alpha", False), ("channel != alpha", True),
        ("note == 'two words'", True), ('note == "two words"', True), ("empty == ''", True), ("unknown == ''", True),
        ("region in regions", True), ("channel in regions", False), ("'eu-west-1' in regions", True),
        ("region in unknown", False), ("regions == 'us-east-1,eu-west-1'", True), ("channel in channel", True),
    ],
)  # fmt: skip
def test_holds(text: str, holds: bool) -> None:
    """Each form holds for the values it should hold for; what has no value is empty."""
    assert parse_condition(text).holds(VALUES) is holds


@pytest.mark.parametrize(
    "text",
    ["", " ", "a b", "a = b", "a == ", "== b", "a == b c", "a == b == c", "a in", "in list", "a in 'list'", "a < b",
     "!a == b", "a && b", "1a", 'a == "b', "a-b", "${a}", "not a"],
)  # fmt: skip
def test_everything_else_is_refused(text: str) -> None:
    """What is no condition is refused with what was found and the forms there are."""
    with pytest.raises(ValueError, match=r"^found .*, wanted a condition; write `name`"):
        parse_condition(text)


def test_names() -> None:
    """The parameters a condition reads; literals are none."""
    assert parse_condition("!a").names() == ("a",)
    assert parse_condition("a == b").names() == ("a",)
    assert parse_condition("a in b").names() == ("a", "b")
    assert parse_condition("'a' in b").names() == ("b",)


NAMES = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,8}", fullmatch=True)
TEXTS = st.text(st.characters(exclude_characters="\"'", exclude_categories=["Cs"]))
CONDITIONS = st.one_of(
    st.builds(Condition, name=NAMES, operator=st.sampled_from(list[Operator](["true", "false"]))),
    st.builds(Condition, name=NAMES, operator=st.sampled_from(list[Operator](["==", "!="])), operand=TEXTS),
    st.builds(Condition, name=NAMES, operator=st.just("in"), operand=NAMES),
    st.builds(Condition, name=TEXTS, operator=st.just("in"), operand=NAMES, literal=st.just(True)),
)


@given(CONDITIONS)
def test_round_trip(condition: Condition) -> None:
    """The text of a condition reads back to the same condition."""
    assert parse_condition(str(condition)) == condition


@given(st.text())
def test_any_text_is_a_condition_or_a_value_error(text: str) -> None:
    """No text makes the parser fail in another way."""
    with contextlib.suppress(ValueError):
        assert parse_condition(text).names() is not None
