from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from recipe_runner.language.slugs import ID, LONGEST, distinct, slug


def test_slugs() -> None:
    """Words become an id; accents fall, long texts end at a word, foreign scripts become a digest."""
    assert slug("Ask the *release* team!") == "ask-the-release-team"
    assert slug("Déjà vu") == "deja-vu"
    assert slug("one " * 40) == "-".join(["one"] * 12)
    assert slug("日本語").startswith("item-")
    assert slug("日本語") != slug("日本")


@given(st.text())
def test_every_slug_is_an_id(text: str) -> None:
    """Any text gives a valid id of bounded length."""
    assert ID.fullmatch(slug(text))
    assert len(slug(text)) <= LONGEST


def test_equal_texts_get_their_context() -> None:
    """Items of the same text are told apart by what is around them, as far out as needed."""
    assert distinct([("amd64", "Build"), ("amd64", "Test"), ("arm64", "Build")], []) == [
        "build-amd64",
        "test-amd64",
        "arm64",
    ]
    assert distinct([("a", "b", "c"), ("a", "b", "d")], []) == ["c-b-a", "d-b-a"]


def test_ids_in_use_are_avoided() -> None:
    """An id that is written somewhere is never given again."""
    assert distinct([("freeze", "Before")], ["freeze"]) == ["before-freeze"]
    assert distinct([("freeze",)], ["freeze"]) == ["freeze-2"]


@given(
    st.lists(st.lists(st.sampled_from("abc"), min_size=1, max_size=3)), st.sets(st.sampled_from(["a", "b-a", "a-2"]))
)
def test_ids_are_distinct(contexts: list[list[str]], taken: set[str]) -> None:
    """However alike the items are, their ids differ from each other and from those in use."""
    ids = distinct(contexts, taken)
    assert len(ids) == len(contexts)
    assert len({*ids, *taken}) == len(ids) + len(taken)
