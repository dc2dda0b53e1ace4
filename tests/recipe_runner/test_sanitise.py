from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recipe_runner.sanitise import line, printed, visible

HIDDEN = "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u3164\uffa0"
"""Characters of other categories that show nothing (Unicode's Default_Ignorable_Code_Point, without selectors)."""
ATTACKS = {
    "clear": "\x1b[2J",
    "title": "\x1b]0;owned\x07",
    "clipboard": "\x1b]52;c;cm0gLXJmIC8=\x07",
    "link": "\x1b]8;;http://evil\x1b\\text\x1b]8;;\x1b\\",
    "C1 CSI": "\x9b2J",
    "right to left": "\u202egnp.exe",
    "isolate": "\u2066x\u2069",
    "zero width": "a\u200bb\u200d\ufeff",
    "line separator": "a\u2028b\u2029",
    "NUL": "a\x00b",
    "DEL": "a\x7fb",
    "backspace": "safe\b\b\b\bevil",
    "lone surrogate": "a\ud800b",
    "tag": "\U000e0041",
    **{f"nothing {ord(character):04x}": character for character in HIDDEN},
    "private": "\ue000",
    "crowd of marks": "a" + "\u0301" * 5,
    "message in selectors": "😀" + "".join(chr(0xE0100 + byte) for byte in b"hidden"),
}
MIXED = st.text(st.one_of(st.characters(), st.sampled_from("\x1b[]\x07\r\n\t;ab\x9b\u202e\u0301\u20dd")))


def harmless(text: str, keep: str) -> bool:
    """Say whether no character of a text moves a cursor, hides, reorders or covers; by Unicode's own categories."""
    bad = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
    marks = "".join("m" if unicodedata.category(c) in {"Mn", "Me"} else " " for c in text)
    return "mmmmm" not in marks and all(
        c in keep or (unicodedata.category(c) not in bad and c not in HIDDEN) for c in text
    )


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)
def test_an_attack_becomes_visible(attack: str) -> None:
    """Each known way to lie on a screen is spelt out, or taken away where it is a program's own output."""
    assert "\\u{" in line(attack)
    assert harmless(line(attack), "")
    assert harmless(printed(attack), "\n\t")


@given(MIXED)
def test_nothing_harmful_passes(text: str) -> None:
    """Whatever the text, all three ways give harmless characters only, and those that were harmless stay."""
    assert harmless(visible(text), "\n\t")
    assert harmless(printed(text), "\n\t")
    assert harmless(line(text), "")
    if harmless(text, ""):
        assert visible(text) == line(text) == printed(text) == text


def test_what_people_write_stays() -> None:
    """Umlauts, ideographs and emoji are not touched, nor are line feeds and tabs of a text."""
    for text in ("Grüße, 世界 😀 ❤️", "─" * 9, "Vie\u0323\u0302t", "ที่นี่"):
        assert line(text) == text
    assert visible("a\tb\r\nc\n") == "a\tb\nc\n"
    assert printed("\x1b[1mbold\x1b[0m 10%\r20%\n") == "bold 10%\n20%\n"
