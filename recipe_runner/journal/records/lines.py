"""One line of a journal: canonical JSON in printable ASCII, and the strict way back."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterable
from typing import Any, NamedTuple, NoReturn, Protocol

LINE_CAP = 256 * 1024
"""Bytes of the longest line, its line feed included."""
DEPTH_CAP = 32
INTEGER_CAP = 2**53
"""Integers lie strictly between minus this and this, so that every JSON reader sees the same number."""

FIELD = re.compile(r"[a-z0-9_]{1,64}\Z")
NAME = re.compile(r"[A-Za-z0-9_.:/@+-]{1,256}\Z")
"""Names inside a field's value come from recipes (step ids, action names) and may hold hyphens and dots."""
RUN_ID = re.compile(r"[0-9a-f]{32}\Z")
DIGEST = re.compile(r"[0-9a-f]{64}\Z")
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z\Z", re.ASCII)
RECEIPT = re.compile(r"witnesses/(?P<records>0|[1-9][0-9]{0,6})-(?P<kind>[a-z0-9]+)(?:-[0-9]+)?(?:\.[a-z0-9]+)?\Z")
"""The file of a witness's receipt, relative to the run."""
COUNT = re.compile(r"(0|[1-9]\d{0,18})\Z", re.ASCII)
SHAPES = 256
"""Names that are remembered to be sound; so few that hostile lines full of long names fill no memory."""
ENVELOPE = ("n", "prev", "t", "ts", "mono_ns")
TEXTS = re.compile(
    r"[0-9a-f]{64}\n[a-z0-9_]{1,64}\n\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z\n(0|[1-9]\d{0,18})\Z", re.ASCII
)
"""The texts of an envelope, a line feed between them: DIGEST, FIELD, MOMENT and COUNT at one go."""


class LineError(ValueError):
    """A line is not what this format allows; the text says why in words."""


class Envelope(Protocol):
    """What every line has: its place, the sha256 (hex) of the raw line before it, its type and both clocks."""

    @property
    def n(self) -> int: ...
    @property
    def prev(self) -> str: ...
    @property
    def type(self) -> str: ...
    @property
    def ts(self) -> str: ...
    @property
    def mono_ns(self) -> str: ...


class Line(NamedTuple):
    """A decoded line: its place, the sha256 (hex) of the raw line before it, its type, both clocks, its fields."""

    n: int
    prev: str
    type: str
    ts: str
    mono_ns: str
    fields: dict[str, Any]


def encode(line: Line) -> bytes:
    """Return the raw line with its line feed; raises LineError for what `decode` would refuse."""
    whole = {
        **line.fields,
        **dict(zip(ENVELOPE, (line.n, line.prev, line.type, line.ts, line.mono_ns), strict=True)),
    }
    _check_names(whole, FIELD, DEPTH_CAP - 1)
    raw = _canonical(whole)
    if len(raw) > LINE_CAP:
        raise LineError(f"the line has {len(raw)} bytes, more than {LINE_CAP}")
    _envelope(whole)
    return raw


def decode(raw: bytes) -> Line:
    """Read one raw line with its line feed; raises LineError.

    The bytes must be exactly those that `encode` would write, which rules out repeated keys, other number forms,
    stray blanks and anything that is not printable ASCII.
    """
    return _envelope(_strict(raw))


def sound_values(values: Iterable[Any], depth: int) -> bool:
    """Say whether all of these may stand in a line, nested `depth` levels at most, names in order."""
    for value in values:
        kind = type(value)
        if kind is str or kind is bool or value is None:
            continue
        if kind is int and -INTEGER_CAP < value < INTEGER_CAP:
            continue
        if kind is list and depth > 0 and sound_values(value, depth - 1):
            continue
        if kind is dict and depth > 0 and _sound(tuple(value), NAME) and sound_values(value.values(), depth - 1):
            continue
        return False
    return True


@functools.lru_cache(SHAPES)
def _sound(keys: tuple[str, ...], names: re.Pattern[str]) -> bool:
    """Say whether an object's keys are names in their order."""
    return list(keys) == sorted(keys) and all(names.match(key) for key in keys)


def _strict(raw: bytes) -> dict[str, Any]:
    """Read any canonical line; raises LineError with the reason for what is none."""
    if len(raw) > LINE_CAP:
        raise LineError(f"the line is longer than {LINE_CAP} bytes")
    if not raw.endswith(b"\n"):
        raise LineError("the line has no end")
    try:
        whole = _DECODER.decode(raw[:-1].decode("ascii"))
    except LineError:
        raise
    except UnicodeDecodeError as error:
        raise LineError(f"byte {error.start} of the line is not ASCII") from error
    except RecursionError as error:
        raise LineError(f"the line is nested more than {DEPTH_CAP} deep") from error
    except ValueError as error:
        raise LineError("the line is not JSON") from error
    if not isinstance(whole, dict):
        raise LineError("the line is not a JSON object")
    _check_names(whole, FIELD, DEPTH_CAP - 1)
    if _canonical(whole) != raw:
        raise LineError("the line is not in canonical form")
    return whole


def _canonical(whole: dict[str, Any]) -> bytes:
    return _ENCODER.encode(whole).replace("\x7f", "\\u007f").encode("ascii") + b"\n"


def _envelope(whole: dict[str, Any]) -> Line:
    """Take the envelope out of a line's object, which is changed."""
    take = whole.pop
    try:
        n, prev, type_name, ts, mono_ns = take("n"), take("prev"), take("t"), take("ts"), take("mono_ns")
    except KeyError as error:
        raise LineError(f"the line has no field `{error.args[0]}`") from error
    if type(n) is not int or n < 0:
        raise LineError("`n` is not a record number")
    try:
        sound = TEXTS.match(f"{prev:s}\n{type_name:s}\n{ts:s}\n{mono_ns:s}")
    except (TypeError, ValueError):
        sound = None
    if sound is None:
        _form("prev", prev, DIGEST)
        _form("t", type_name, FIELD)
        _form("ts", ts, MOMENT)
        _form("mono_ns", mono_ns, COUNT)
    return Line(n, prev, type_name, ts, mono_ns, whole)


def _form(name: str, value: object, wanted: re.Pattern[str]) -> None:
    if not isinstance(value, str) or not wanted.match(value):
        raise LineError(f"`{name}` does not have its form")


def _check_names(mapping: dict[str, Any], names: re.Pattern[str], depth: int) -> None:
    for name, value in mapping.items():
        if not _named(name, names):
            raise LineError("a name has characters that names may not have")
        _check(value, depth)


@functools.lru_cache(SHAPES)
def _named(name: object, names: re.Pattern[str]) -> bool:
    return isinstance(name, str) and names.match(name) is not None


def _check(value: Any, depth: int) -> None:  # noqa: ANN401 - any JSON value
    """Check a value inside a line, which may be nested `depth` levels more."""
    kind = type(value)
    if kind is str:
        if not value.isascii() and any("\ud800" <= c <= "\udfff" for c in value):
            raise LineError("a text holds half of a surrogate pair")
    elif kind is int:
        if abs(value) >= INTEGER_CAP:
            raise LineError("an integer is 2**53 or more")
    elif kind is dict or kind is list:
        if depth == 0:
            raise LineError(f"the line is nested more than {DEPTH_CAP} deep")
        if kind is dict:
            _check_names(value, NAME, depth - 1)
        else:
            for inner in value:
                _check(inner, depth - 1)
    elif kind is not bool and value is not None:
        raise LineError(f"a value is a {kind.__name__}, which a line may not hold")


def _integer(text: str) -> int:
    if len(text) > len(str(INTEGER_CAP)) + 1:
        raise LineError("an integer is 2**53 or more")
    return int(text)


def _refuse(_: str) -> NoReturn:
    raise LineError("a number is not an integer")


_DECODER = json.JSONDecoder(parse_int=_integer, parse_float=_refuse, parse_constant=_refuse)
_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
