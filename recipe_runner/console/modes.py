"""What a program has made of the terminal, told from what it wrote, and the codes that make it as it was.

A program that is killed leaves its screen, its hidden cursor or its mouse reports behind. Only what it has changed and
not changed back is undone: to leave a screen that was never entered would move the cursor.
"""

from __future__ import annotations

import re

SWITCH = re.compile(
    rb"\x1b(?:\[\?(?P<modes>[0-9]{1,5}(?:;[0-9]{1,5}){0,15})(?P<way>[hl])|(?P<keypad>[=>])|(?P<reset>c))"
)
"""DECSET, DECRST (DEC VT100, xterm ctlseqs), DECKPAM, DECKPNM, RIS."""
BEGUN = re.compile(rb"\x1b(?:\[\??[0-9;]{0,100})?\Z")
"""A code of which the rest may be in the next chunk."""
ON = frozenset({b"7", b"25"})
"""Modes that are on where nobody has changed them: lines wrap, the cursor is seen."""
UNDONE = frozenset(
    {
        *(b"1", b"7", b"25", b"47", b"66", b"1047", b"1049", b"2004"),
        *(b"9", b"1000", b"1001", b"1002", b"1003", b"1004", b"1005", b"1006", b"1015", b"1016"),
    }
)
"""Cursor keys, wrapping, cursor, keypad, the other screen, bracketed paste; reports of the mouse and of the focus."""


class Modes:
    """Follows the output of one program."""

    def __init__(self) -> None:
        self._changed: dict[bytes, None] = {}
        self._keypad = False
        self._rest = b""

    def feed(self, data: bytes) -> None:
        """Take a piece of output in."""
        data = self._rest + data
        begun = BEGUN.search(data, max(0, len(data) - 128))
        self._rest = begun[0] if begun else b""
        for found in SWITCH.finditer(data):
            if found["reset"]:
                self._changed.clear()
            self._keypad = found["keypad"] == b"=" if found["keypad"] or found["reset"] else self._keypad
            for mode in (found["modes"] or b"").split(b";"):
                if (found["way"] == b"h") == (mode in ON):
                    self._changed.pop(mode, None)
                elif mode in UNDONE:
                    self._changed[mode] = None

    def undo(self) -> bytes:
        """Return the codes that undo what is left, the latest first; nothing is left then."""
        codes = [b"\x1b[?%s%s" % (mode, b"h" if mode in ON else b"l") for mode in reversed(self._changed)]
        codes += [b"\x1b>"] if self._keypad else []
        self._changed.clear()
        self._keypad, self._rest = False, b""
        return b"".join(codes)
