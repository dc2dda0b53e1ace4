"""The word an author probably meant."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from recipe_runner.sanitise import line

LONGEST = 64
"""Comparing is quadratic in the length of the words; nobody misspells longer ones."""


def did_you_mean(word: str, known: Iterable[str]) -> str | None:
    """Return the word of `known` that is nearest to `word`, or None where nothing is near."""
    if len(word) > LONGEST:
        return None
    folded = {candidate.casefold(): candidate for candidate in sorted(known)}
    nearest = difflib.get_close_matches(word.casefold(), folded, n=1, cutoff=0.6)
    return folded[nearest[0]] if nearest else None


def suggest(word: str, known: Iterable[str], *, what: str = "") -> str:
    """Return the hint for a word outside a closed set: the nearest one, or all there are."""
    words = sorted(known)
    if nearest := did_you_mean(word, words):
        return f"did you mean `{line(nearest)}`?"
    if not words:
        return f"remove it: there is no {what or 'word'} to choose from"
    return f"use {'one of ' if len(words) > 1 else ''}{', '.join(f'`{line(w)}`' for w in words)}"


def with_hint(message: str) -> tuple[str, str | None]:
    """Split what a ValueError says into the fault and the hint, both on one line.

    The hint stands behind `; `, or else is made of what the message says is wanted.
    """
    fault, _, hint = line(message).partition("; ")
    _, _, wanted = fault.partition(", wanted ")
    return fault, hint or (f"write {wanted}" if wanted else None)
