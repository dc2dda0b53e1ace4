"""Ids for manual items that have none of their own, made of their texts so that they survive a reordering."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence

ID = re.compile(r"[a-z0-9][a-z0-9-]*")
LONGEST = 48
NOT_WORD = re.compile(r"[^a-z0-9]+")


def slug(text: str) -> str:
    """Return a valid id made of the words of `text`, or of its sha256 where it has no Latin letters or digits."""
    folded = unicodedata.normalize("NFKD", text[: 8 * LONGEST]).encode("ascii", "ignore").decode().lower()
    words = NOT_WORD.sub("-", folded).strip("-")
    if len(words) > LONGEST:
        words = words[: LONGEST + 1].rpartition("-")[0] or words[:LONGEST]
    return words or f"item-{hashlib.sha256(text.encode()).hexdigest()[:8]}"


def distinct(contexts: Sequence[Sequence[str]], taken: Iterable[str]) -> list[str]:
    """Return an id for each item, given its text and, going outwards, the texts around it.

    An item whose text alone is not unique gets the text around it in front, as far as that is needed; items that
    agree in everything are numbered.
    """
    used = set(taken)
    ids = [slug(context[0]) for context in contexts]
    for depth in range(1, max((len(context) for context in contexts), default=0)):
        counts = Counter(ids)
        clashing = [index for index, name in enumerate(ids) if counts[name] > 1 or name in used]
        if not clashing:
            break
        for index in clashing:
            if depth < len(contexts[index]):
                ids[index] = f"{slug(contexts[index][depth])}-{ids[index]}"
    return _numbered(ids, used)


def _numbered(ids: list[str], used: set[str]) -> list[str]:
    result = []
    last: Counter[str] = Counter()
    for name in ids:
        candidate = name
        while candidate in used:
            last[name] += 1
            candidate = f"{name}-{last[name] + 1}"
        used.add(candidate)
        result.append(candidate)
    return result
