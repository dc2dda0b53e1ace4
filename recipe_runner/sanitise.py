"""Untrusted text made safe to show: what could move a cursor, hide or reorder characters is made visible."""

from __future__ import annotations

import re
import unicodedata

HIDDEN = frozenset("\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u3164\uffa0")
KEPT = frozenset("\n\t")
SEQUENCE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")
"""Whole escape sequences (ECMA-48 CSI and OSC): colours and cursor moves of tools that think they own the screen."""


def visible(text: str, *, keep: frozenset[str] = KEPT) -> str:
    r"""Return `text` with every control, format, surrogate or unassigned character written as `\u{…}`.

    Line feeds and tabs stay unless `keep` says otherwise; CR LF becomes LF. Covers terminal escapes (C0, C1),
    bidirectional overrides (Unicode TR 36) and zero-width characters.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(c if c in keep or not _dangerous(c) else f"\\u{{{ord(c):x}}}" for c in text.replace("\r\n", "\n"))


def printed(text: str) -> str:
    """Return what a program has printed as a person reads it: no escape sequences, CR a new line, the rest safe."""
    return visible(SEQUENCE.sub("", text).replace("\r\n", "\n").replace("\r", "\n"))


def line(text: str) -> str:
    """Return `text` safe and on one line."""
    return visible(text, keep=frozenset())


def _dangerous(character: str) -> bool:
    return character in HIDDEN or unicodedata.category(character) in {
        "Cc",
        "Cf",
        "Cs",
        "Co",
        "Cn",
        "Zl",
        "Zp",
    }
