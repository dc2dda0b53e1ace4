"""Versions as dotted numbers: ranges such as `>=2.2, <3`, and the version in what a program prints."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from itertools import zip_longest
from typing import Annotated

from pydantic import AfterValidator, Field

_COMPARE: dict[str, Callable[[tuple[int, ...], tuple[int, ...]], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    "==": operator.eq,
    "!=": operator.ne,
    ">": operator.gt,
    "<": operator.lt,
}
_CLAUSE = re.compile(r"\s*(>=|<=|==|!=|>|<)\s*([0-9]{1,18}(?:\.[0-9]{1,18})*)\s*")
_VERSION = re.compile(r"[0-9]{1,18}(?:\.[0-9]{1,18})+|(?<![\w.-])[0-9]{1,18}(?![\w.-])", re.ASCII)


def _well_formed(text: str) -> str:
    if all(_CLAUSE.fullmatch(clause) for clause in text.split(",")):
        return text
    raise ValueError(f"found `{text}`, wanted comparisons such as `>=2.2, <3`")


VersionRange = Annotated[
    str,
    AfterValidator(_well_formed),
    Field(description="comparisons of dotted numbers joined by commas: `>=2.2, <3`"),
]


def find_version(output: str) -> str | None:
    """Return the first version number in what a program printed, or None.

    A dotted number counts wherever it stands (`jq-1.6`, `OpenSSH_9.2p1`), a plain one only as a word of its own
    (`less 590`); in a line that has both, the dotted one is meant.
    """
    for line in output.splitlines():
        found = [match[0] for match in _VERSION.finditer(line)]
        if found:
            return next((number for number in found if "." in number), found[0])
    return None


def within(version: str, wanted: str) -> bool:
    """Tell whether the version satisfies every comparison of a well-formed range.

    Numbers missing at the end count as zero; what follows the dotted number (`2.0rc1`) is not looked at.
    """
    have = find_version(version)
    return have is not None and all(_holds(have, match[1], match[2]) for match in _CLAUSE.finditer(wanted))


def _holds(have: str, comparison: str, want: str) -> bool:
    pairs = list(zip_longest(*([int(part) for part in text.split(".")] for text in (have, want)), fillvalue=0))
    return _COMPARE[comparison](tuple(pair[0] for pair in pairs), tuple(pair[1] for pair in pairs))
