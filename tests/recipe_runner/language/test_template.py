from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recipe_runner.language.template import expand, expand_scalar, malformed, references

VALUES: dict[str, str | tuple[str, ...]] = {"serial": "20091022", "regions": ("us-east-1", "eu-west-1"), "a-b.c": "x"}


def test_references_are_found_from_left_to_right() -> None:
    """Names and outputs are references; escaped braces, plain dollars and other forms are not."""
    text = "${serial} $${no} ${a-b.c} $serial ${} ${a b}"
    assert [(r.name, text[r.start : r.end]) for r in references(text)] == [
        ("serial", "${serial}"), ("a-b.c", "${a-b.c}"),
    ]  # fmt: skip


def test_expand() -> None:
    """Values take the place of references, lists joined by commas, and `$${` becomes `${`."""
    assert expand("${serial}/${regions} $${x} ${a-b.c}", VALUES.__getitem__) == "20091022/us-east-1,eu-west-1 ${x} x"


def test_values_are_not_expanded_again() -> None:
    """A value that looks like a reference stays as it is."""
    assert expand("${a}${b}", {"a": "${b}", "b": "$${"}.__getitem__) == "${b}$${"


def test_a_whole_scalar_keeps_a_list() -> None:
    """A text that is exactly one reference to a list becomes the list."""
    assert expand_scalar("${regions}", VALUES.__getitem__) == ("us-east-1", "eu-west-1")
    assert expand_scalar(" ${regions}", VALUES.__getitem__) == " us-east-1,eu-west-1"
    assert expand_scalar("$${", VALUES.__getitem__) == "${"


def test_an_unknown_name_is_a_key_error() -> None:
    """The lookup's KeyError comes through."""
    with pytest.raises(KeyError):
        expand("${nope}", VALUES.__getitem__)


def test_malformed() -> None:
    """What looks like a reference and is none is found, closed or not."""
    assert [m.name for m in malformed("${a b} ${x} $${y} ${} ${open")] == ["${a b}", "${}", "${open"]


@given(st.text())
def test_texts_without_references_stay(text: str) -> None:
    """A text without `${` expands to itself."""
    plain = text.replace("${", "")
    assert expand(plain, VALUES.__getitem__) == plain


@given(st.text())
def test_escaping_round_trip(text: str) -> None:
    """Any text whose `${` are escaped expands to itself."""
    plain = text.replace("$", "")
    assert expand(f"$${{{plain}", VALUES.__getitem__) == f"${{{plain}"
