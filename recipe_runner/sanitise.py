"""Untrusted text made safe to show: what could move a cursor, hide or reorder characters is made visible."""

from __future__ import annotations

import functools
import re
import unicodedata

HIDDEN = frozenset("\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u3164\uffa0")
SEQUENCE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")
"""Whole escape sequences (ECMA-48 CSI and OSC): colours and cursor moves of tools that think they own the screen."""
SUSPECTS = re.compile(r"[^\x20-\x7e\n\t]+")
SUSPECTS_IN_A_LINE = re.compile(r"[^\x20-\x7e]+")
"""What has to be looked at; all else is harmless, and there may be gigabytes of it."""


def visible(text: str) -> str:
    r"""Return `text` with every control, format, surrogate or unassigned character written as `\u{…}`.

    Line feeds and tabs stay; CR LF becomes LF. Covers terminal escapes (C0, C1), bidirectional overrides (Unicode
    TR 36) and zero-width characters.
    """
    return SUSPECTS.sub(_harmless, text.replace("\r\n", "\n"))


def printed(text: str) -> str:
    """Return what a program has printed as a person reads it: no escape sequences, CR a new line, the rest safe."""
    return visible(SEQUENCE.sub("", text).replace("\r\n", "\n").replace("\r", "\n"))


def line(text: str) -> str:
    """Return `text` safe and on one line."""
    return SUSPECTS_IN_A_LINE.sub(_harmless, text.replace("\r\n", "\n"))


def _harmless(found: re.Match[str]) -> str:
    run = found[0]
    if run.isprintable() and HIDDEN.isdisjoint(run):
        return run
    return "".join(map(_named, run))


@functools.lru_cache(4096)
def _named(character: str) -> str:
    dangerous = character in HIDDEN or unicodedata.category(character) in {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
    return f"\\u{{{ord(character):x}}}" if dangerous else character
