"""References such as `${serial}` and `${register.image-id}` in texts and YAML."""

from __future__ import annotations

import re
from collections.abc import Callable

from msgspec import Struct

Value = str | tuple[str, ...]
Lookup = Callable[[str], Value]

REFERENCE = re.compile(r"\$\$\{|\$\{([A-Za-z_][A-Za-z0-9_]*|[a-z0-9][a-z0-9-]*\.[A-Za-z0-9_-]+)\}")
LIKELY = re.compile(REFERENCE.pattern + r"|(?P<bad>\$\{[^\n{}]{0,80}\}?)")
"""`$${` stands for a literal `${`; anything else that is not a reference stays as it is."""


class Reference(Struct, frozen=True):
    """A use of `name` (a parameter, or `step-id.output`) at `text[start:end]`."""

    name: str
    start: int
    end: int


def references(text: str) -> tuple[Reference, ...]:
    """Return the references of `text` from left to right."""
    return tuple(Reference(m[1], m.start(), m.end()) for m in REFERENCE.finditer(text) if m[1] is not None)


def malformed(text: str) -> tuple[Reference, ...]:
    """Return what looks like references but is none, such as `${a b}` or an unclosed `${a`; `name` is all of it."""
    return tuple(Reference(m["bad"], m.start(), m.end()) for m in LIKELY.finditer(text) if m["bad"])


def expand(text: str, lookup: Lookup) -> str:
    """Put values in the place of references; a list becomes its values joined by commas.

    `lookup` raises KeyError for a name without a value, and so does this.
    """

    def value(match: re.Match[str]) -> str:
        if match[1] is None:
            return "${"
        found = lookup(match[1])
        return found if isinstance(found, str) else ",".join(found)

    return REFERENCE.sub(value, text)


def expand_scalar(text: str, lookup: Lookup) -> Value:
    """Do as `expand`, but a text that is exactly one reference keeps a list a list."""
    match = REFERENCE.fullmatch(text)
    return lookup(match[1]) if match and match[1] is not None else expand(text, lookup)
