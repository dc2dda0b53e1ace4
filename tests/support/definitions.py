"""Image definitions read from a text alone, without what their distribution's family makes of them."""

from __future__ import annotations

from builders.images.definition import Definition
from builders.images.reading import Member, finished, only_one, read_drafts


def read_members(text: str, file: str) -> tuple[Member, ...]:
    """Return the images that a text defines; raises UsageError with every fault, each at its line and once."""
    return finished(read_drafts(text, file))


def parse_definition(text: str, file: str) -> Definition:
    """Return the only image of a text; raises UsageError for one that has several."""
    return only_one(read_members(text, file), file).definition
