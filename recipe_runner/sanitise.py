"""Untrusted text made safe to show: what could move a cursor, hide, reorder or cover characters is made visible."""

from __future__ import annotations

import functools
import re
import unicodedata

HIDDEN = frozenset("\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u3164\uffa0")
DANGEROUS = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Categories of what nobody can see: controls, formats, surrogates, private and unassigned characters, line ends."""
SEQUENCE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")
"""Whole escape sequences (ECMA-48 CSI and OSC): colours and cursor moves of tools that think they own the screen."""
SUSPECTS = re.compile(r"[^\x20-\x7e\n\t]+")
SUSPECTS_IN_A_LINE = re.compile(r"[^\x20-\x7e]+")
"""What has to be looked at; all else is harmless, and there may be gigabytes of it."""
MARKS = 4
"""Marks on one character (Unicode UTS 39, 5.4); more of them would cover the rows around it."""
CROWD = re.compile(rf"[^\w\s]{{{MARKS + 1},}}")
"""Where there may be more: no mark is part of a word to Python."""


def visible(text: str) -> str:
    r"""Return `text` with every control, format, surrogate or unassigned character written as `\u{…}`.

    Line feeds and tabs stay; CR LF becomes LF. Covers terminal escapes (C0, C1), bidirectional overrides (Unicode
    TR 36), zero-width characters, and all but the first marks on one character.
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
    if run.isprintable() and HIDDEN.isdisjoint(run) and not CROWD.search(run):
        return run
    written: list[str] = []
    marks = 0
    for character in run:
        kind = _kind(character)
        marks = marks + 1 if kind in {"Mn", "Me"} else 0
        written.append(f"\\u{{{ord(character):x}}}" if kind in DANGEROUS or marks > MARKS else character)
    return "".join(written)


@functools.lru_cache(4096)
def _kind(character: str) -> str:
    """Return a character's category; `Cf` for those of others that show nothing."""
    return "Cf" if character in HIDDEN else unicodedata.category(character)
