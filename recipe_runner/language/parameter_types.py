"""The types of parameters: each turns what a person typed into one canonical text.

Canonical text is what the rest of the program, the shell and the journal see, so that equal values are equal texts:
`yes` becomes `true`, `+03` becomes `3`, a fingerprint loses its spaces.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from urllib.parse import urlsplit

from msgspec import Struct

from recipe_runner.language.durations import format_duration, parse_duration


class ParameterType(Struct, frozen=True):
    """One type: what is wanted (for messages and docs), its converter, and how two values compare.

    `convert` raises ValueError for text that is not of the type; `order` maps canonical text to a number and
    is None where smaller and greater have no meaning.
    """

    wanted: str
    convert: Callable[[str], str]
    order: Callable[[str], float] | None = None


INTEGER = re.compile(r"[+-]?[0-9]{1,18}")
DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}|[0-9]{8}")
SERIAL = re.compile(r"([0-9]{8})(?:\.(0|[1-9][0-9]{0,5}))?")
VERSION = re.compile(r"v?[0-9][A-Za-z0-9.+~:-]*")
REGION = re.compile(r"[a-z]{2,8}(?:-[a-z]{1,16}){1,3}-[0-9]{1,2}")
FINGERPRINT = re.compile(r"[0-9A-F]{40}|[0-9A-F]{64}")
EMAIL = re.compile(r"[^@\s<>,;\"]+@[^@\s<>,;\"]+")
URL = re.compile(r"[a-z][a-z0-9+.-]{0,30}://[^\s\x00-\x1f\x7f]+", re.IGNORECASE)
TRUE, FALSE = frozenset({"true", "yes", "on", "1"}), frozenset({"false", "no", "off", "0"})


def _matching(pattern: re.Pattern[str]) -> Callable[[str], str]:
    def convert(text: str) -> str:
        if not pattern.fullmatch(text):
            raise ValueError
        return text

    return convert


def _text(text: str) -> str:
    if "\0" in text:
        raise ValueError
    return text


def _filled(text: str) -> str:
    if not text:
        raise ValueError
    return _text(text)


def _path(text: str) -> str:
    if "\n" in text:
        raise ValueError
    return _filled(text)


def _integer(text: str) -> str:
    return str(int(_matching(INTEGER)(text)))


def _float(text: str) -> str:
    number = float(text) if text.isascii() and "_" not in text else math.nan
    if not math.isfinite(number):
        raise ValueError
    return repr(number)


def _bool(text: str) -> str:
    word = text.casefold()
    if word not in TRUE | FALSE:
        raise ValueError
    return "true" if word in TRUE else "false"


def _url(text: str) -> str:
    parts = urlsplit(_matching(URL)(text))
    if not parts.netloc and not (parts.scheme == "file" and parts.path):
        raise ValueError
    return text


def _date(text: str) -> str:
    return date.fromisoformat(_matching(DATE)(text)).isoformat()


def _datetime(text: str) -> str:
    moment = datetime.fromisoformat(text) if text.isascii() else None
    if moment is None or moment.tzinfo is None:
        raise ValueError
    try:
        return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
    except OverflowError as error:
        raise ValueError from error


def _serial(text: str) -> str:
    match = SERIAL.fullmatch(text)
    if match is None:
        raise ValueError
    date.fromisoformat(match[1])
    return text


def _fingerprint(text: str) -> str:
    return _matching(FINGERPRINT)("".join(text.split()).upper().removeprefix("0X"))


def _serial_order(text: str) -> int:
    day, _, number = text.partition(".")
    return int(day) * 10**6 + int(number or 0)


PARAMETER_TYPES: dict[str, ParameterType] = {
    "str": ParameterType("a text", _text),
    "int": ParameterType("a whole number", _integer, int),
    "float": ParameterType("a number", _float, float),
    "bool": ParameterType("`true` or `false`", _bool),
    "choice": ParameterType("one of its choices", _text),
    "list": ParameterType("values separated by commas", _text),
    "path": ParameterType("a path", _path),
    "url": ParameterType("a URL such as `https://example.org/`", _url),
    "version": ParameterType("a version such as `9.10` or `1.2.3-rc1`", _matching(VERSION)),
    "date": ParameterType("a date such as `2009-10-22`", _date, lambda text: date.fromisoformat(text).toordinal()),
    "datetime": ParameterType(
        "a date and time with its zone such as `2009-10-22T14:00Z`",
        _datetime,
        lambda text: datetime.fromisoformat(text).timestamp(),
    ),
    "duration": ParameterType(
        "a duration such as `90s`, `5m`, `1h30m` or `2d`",
        lambda text: format_duration(parse_duration(text)),
        lambda text: parse_duration(text).total_seconds(),
    ),
    "serial": ParameterType("a serial such as `20091022` or `20091022.1`", _serial, _serial_order),
    "region": ParameterType("a cloud region such as `us-east-1`", _matching(REGION)),
    "fingerprint": ParameterType("a key's whole fingerprint of 40 or 64 hexadecimal digits", _fingerprint),
    "email": ParameterType("a mail address such as `release@example.org`", _matching(EMAIL)),
    "secret": ParameterType("a secret that is not empty", _filled),
}
