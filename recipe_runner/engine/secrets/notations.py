"""The notations in which programs write a text down, so that it is found again in what they print.

Each is a sequence of places with the spellings that each may have, and what may stand between two of them. Notations
follow bash (QUOTING, `printf %q`, `set -x`), RFC 8259 (JSON), RFC 3986 (percent), RFC 4648 (base64, base16), HTML 4.01
(character references), the string literals of C and Python, and the dumps of od(1), hexdump(1) and xxd(1).
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from html.entities import codepoint2name

Spell = Callable[[str], frozenset[bytes]]
LINE_END = rb"(?:\r?\n[ \t]{0,32}|\r\Z)?"
"""Between two letters of base64, which base64(1), openssl(1) and PEM break into lines; data may end within it."""
BYTE_END = rb"[ \t\r\n:,]{0,32}(?:0x|\\x|[0\\]\Z)?"
"""Between two bytes in hexadecimal digits, as od(1), xxd(1), openssl(1) and arrays part them; likewise."""
ROW_END = rb"(?: {2,}[^\n]{1,40})?(?:\Z|\r?\n(?:[0-9a-f]{0,16}:?\Z|[0-9a-f]{6,16}:? {1,2}))"
"""Between two rows of a dump: perhaps a column of text, and the next row's address; likewise."""
CELL_END = rb"(?:\n[0-9a-f]{0,16})?"
"""Between two characters of `od -c`, each of which is as wide as four."""
COLUMN = re.compile(rb"[ 0-9a-fA-F]{0,100}(?:\Z|( {2,}[^\r\n]{1,40}))")
"""The rest of a dump's row, to which its column of text may belong."""
SHORT = {"\a": "a", "\b": "b", "\t": "t", "\n": "n", "\v": "v", "\f": "f", "\r": "r", "\x1b": "e"}
LETTERS = {
    **{code: chr(code) for code in range(0x20, 0x7F)},
    **{ord(character): f"\\{letter}" for character, letter in SHORT.items() if letter != "e"},
}
"""What `od -c` writes for a byte; for all others, three octal digits."""
HEAD = 12
"""Places by which the beginning of a text is found."""
GAPS = {gap: re.compile(gap) for gap in (LINE_END, BYTE_END, ROW_END, CELL_END)}


@dataclass(frozen=True)
class Written:
    """A text in one notation; `gaps` are the regular expressions of what may stand between two places.

    `column` says that the text may stand once more behind it, in a column beside.
    """

    places: tuple[frozenset[bytes], ...]
    gaps: tuple[bytes, ...] = ()
    column: bool = False

    @cached_property
    def first(self) -> frozenset[int]:
        """The bytes with which it may begin."""
        return frozenset(spelling[0] for spelling in self.places[0])

    @cached_property
    def longest(self) -> int:
        """The most bytes that it may have, gaps left out."""
        return sum(len(max(spellings, key=len)) for spellings in self.places)

    def heads(self) -> Iterator[bytes]:
        """Yield regular expressions that find its beginning, each with a first byte of its own.

        To compile more than a few places would take seconds; that first bytes are plain makes the search quick.
        """
        rest = [_either(spellings) for spellings in self.places[1:HEAD]]
        gap = b"(?:%b)" % b"|".join(self.gaps)
        for spelling in self.places[0]:
            yield gap.join([re.escape(spelling), *rest])

    def ends(self, data: bytes, start: int) -> set[int]:
        """Return where it may end that begins at `start`; behind the end of `data` where that breaks off."""
        gaps = [GAPS[gap] for gap in self.gaps]
        found, broken = {start}, set[int]()
        for spellings in self.places:
            at = {after.end() for end in found for gap in gaps if (after := gap.match(data, end))} if gaps else found
            found = set()
            for end in at:
                for spelling in spellings:
                    rest = data[end : end + len(spelling)]
                    if rest == spelling:
                        found.add(end + len(spelling))
                    elif end + len(rest) == len(data) and spelling.startswith(rest):
                        broken.add(len(data) + 1)
            if not found:
                break
        for beside in [match for end in found if (match := COLUMN.match(data, end))] if self.column else []:
            found |= {beside.end()} if beside[1] else set()
            broken |= {len(data) + 1} if beside.end() == len(data) else set()
        return found | broken


def notations(text: str) -> set[Written]:
    """Return the ways in which a text is written: as it is, quoted, escaped, in base64, in dumps and in UTF-16."""
    return {Written(tuple(map(spell, text))) for spell in SPELLINGS} | {*_wide(text), *_digits(text)}


def plain(text: str) -> Written:
    """Return a text written as it is."""
    return Written(tuple(map(_plain, text)))


def _digits(text: str) -> Iterator[Written]:
    """Yield a text's hexadecimal digits, and its base64 at each alignment, with all that is known of the last letter.

    The first letter is left out where other bits share it: that would hold back every output which ends in one of many.
    """
    raw = text.encode("utf-8", "surrogateescape")
    yield Written(tuple(frozenset({b"%02x" % byte, b"%02X" % byte}) for byte in raw), (BYTE_END, ROW_END), column=True)
    for offset in range(3):
        letters = base64.b64encode(b"\0" * offset + raw).rstrip(b"=")[-(-offset * 8 // 6) :]
        unknown = -(offset + len(raw)) * 8 % 6
        last = ALPHABET.index(letters[-1])
        ends = frozenset[bytes]().union(*map(_letter, ALPHABET[last : last + (1 << unknown)]))
        yield Written((*map(_letter, letters[:-1]), ends), (LINE_END,))


def _wide(text: str) -> Iterator[Written]:
    """Yield a text as `od -c` writes it and in UTF-16; the first character without what fills it up before.

    In spaces and NULs outputs end that have nothing to do with it.
    """
    raw = text.encode("utf-8", "surrogateescape")
    cells = [LETTERS.get(byte, f"{byte:03o}").rjust(4).encode() for byte in raw]
    units = [[character.encode(f"utf-16-{end}", "surrogatepass") for character in text] for end in ("le", "be")]
    for places, gaps in ((cells, (CELL_END,)), *((characters, ()) for characters in units)):
        places[0] = places[0].lstrip(b" \0") or places[0][:1]
        yield Written(tuple(frozenset({place}) for place in places), gaps)


ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"


@lru_cache(maxsize=64)
def _letter(letter: int) -> frozenset[bytes]:
    """Spell a letter of base64 in both of its alphabets."""
    return frozenset({bytes([letter]), bytes([letter]).translate(FOR_URLS)})


FOR_URLS = bytes.maketrans(b"+/", b"-_")


def _either(spellings: frozenset[bytes]) -> bytes:
    if len(spellings) == 1:
        return re.escape(next(iter(spellings)))
    return b"(?:%b)" % b"|".join(map(re.escape, sorted(spellings, key=len, reverse=True)))


@lru_cache(maxsize=512)
def _plain(character: str) -> frozenset[bytes]:
    raw = character.encode("utf-8", "surrogateescape")
    return frozenset({raw, b"\r\n"} if character == "\n" else {raw})


def _is_plain(character: str) -> bool:
    return character.isascii() and (character.isalnum() or character in "-._")


@lru_cache(maxsize=512)
def _percent(character: str) -> frozenset[bytes]:
    raw = character.encode("utf-8", "surrogateescape")
    if _is_plain(character):
        return frozenset({raw})
    upper = b"".join(b"%%%02X" % byte for byte in raw)
    return frozenset({raw, upper, upper.lower(), *([b"+"] if character == " " else [])})


@lru_cache(maxsize=512)
def _backslash(character: str) -> frozenset[bytes]:
    """Spell as JSON, C, Python and `$'…'` do: each leaves other characters as they are, but none the backslash."""
    raw = character.encode("utf-8", "surrogateescape")
    if _is_plain(character):
        return frozenset({raw})
    units = character.encode("utf-16-be", "surrogatepass").hex()
    spelled = {
        "".join(f"\\u{units[i : i + 4]}" for i in range(0, len(units), 4)),
        "".join(f"\\x{byte:02x}" for byte in raw),
        f"\\U{ord(character):08x}",
        f"\\x{ord(character):02x}",
    }
    spelled |= {re.sub(r"(\\.)(\w+)", lambda m: m[1] + m[2].upper(), text) for text in spelled}
    spelled |= {"".join(f"\\{byte:03o}" for byte in raw)}
    spelled |= {f"\\{SHORT[character]}", f"\\{SHORT[character].upper()}"} if character in SHORT else set()
    spelled |= {f"\\{character}"} if character.isascii() and character.isprintable() else set()
    return frozenset({text.encode() for text in spelled} | (set() if character == "\\" else _plain(character)))


@lru_cache(maxsize=512)
def _twice(character: str) -> frozenset[bytes]:
    """Spell as JSON inside JSON does."""
    texts = (json.dumps(character, ensure_ascii=ascii_only)[1:-1] for ascii_only in (True, False))
    return frozenset(
        text.replace("\\", "\\\\").replace('"', '\\"').encode("utf-8", "surrogateescape") for text in texts
    )


@lru_cache(maxsize=512)
def _markup(character: str) -> frozenset[bytes]:
    """Spell as HTML and XML do."""
    if _is_plain(character):
        return _plain(character)
    code = ord(character)
    names = {codepoint2name.get(code, f"#{code}"), f"#{code}", f"#{code:03}", f"#x{code:x}", f"#x{code:X}"}
    names |= {"apos"} if character == "'" else set()
    return _plain(character) | {f"&{name};".encode() for name in names}


def _quoted(character: str) -> frozenset[bytes]:
    """Spell as shells do between single quotes."""
    return frozenset({b"'\\''", b"'\"'\"'"}) if character == "'" else _plain(character)


def _doubled(quote: str) -> Spell:
    """Spell as YAML, SQL and CSV do between quotes of this kind."""
    return lambda character: _plain(character * 2 if character == quote else character)


SPELLINGS: tuple[Spell, ...] = (
    _plain, _percent, _backslash, _twice, _markup, _quoted, _doubled("'"), _doubled('"')
)  # fmt: skip
