from __future__ import annotations

from recipe_runner.language.suggestions import did_you_mean, suggest, with_hint


def test_the_nearest_word() -> None:
    """A misspelt word is answered with the one that was meant, whatever its case; a strange one with none."""
    assert did_you_mean("timout", ["timeout", "retries"]) == "timeout"
    assert did_you_mean("TIMEOUT", ["timeout"]) == "timeout"
    assert did_you_mean("colour", ["timeout"]) is None
    assert did_you_mean("x" * 100_000, ["x" * 60]) is None


def test_all_words_where_none_is_near() -> None:
    """Where nothing is near, everything there is to choose from is named."""
    assert suggest("colour", ["b", "a"]) == "use one of `a`, `b`"
    assert suggest("colour", ["a"]) == "use `a`"
    assert suggest("colour", [], what="action") == "remove it: there is no action to choose from"


def test_hints_in_messages() -> None:
    """A hint is split from the message, or made of what is wanted."""
    assert with_hint("found `x`; remove it") == ("found `x`", "remove it")
    assert with_hint("found `x`, wanted a number") == ("found `x`, wanted a number", "write a number")
    assert with_hint("found `x`") == ("found `x`", None)
