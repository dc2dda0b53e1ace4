"""What stands behind a fence's opening, and in the braces of a task item: `bash {#verify timeout=5m .optional}`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Literal

from msgspec import Struct

from recipe_runner.errors import Diagnostic, Span
from recipe_runner.language.attribute_rules import FLAGS, PAIRS, ROLES, SCRIPT_PAIRS
from recipe_runner.language.codes import Code
from recipe_runner.sanitise import line

Place = Callable[[int, int], Span]
"""Makes the span of `length` characters at `start` of the text that is parsed."""

TOKEN = re.compile(
    r"(?P<space>[ \t]+)"
    r"|\#(?P<id>[^\s{}#=\"']*)"
    r"|\.(?P<class>[^\s{}#=\"'.]*)"
    r"|(?P<key>[A-Za-z][A-Za-z0-9_-]*)=(?P<value>\"(?:[^\"\\]|\\.)*\"|'[^']*'|(?:\$\{[^\s{}]*\}|[^\s{}\"'])*)"
    r"|(?P<other>[^\s{}#.\"'][^\s{}]*|.)"
)
LANGUAGE_END = re.compile(r"[\s{]")
ESCAPE = re.compile(r"\\([\"\\])")
HIGHLIGHT = re.compile(r"[0-9,\s-]*")
"""Line numbers as other tools write them (`{1,3-5}`) are no concern of ours."""
MARKED = re.compile(r"(?:^|\s)(?:#[A-Za-z0-9]|\.(?:check|verify|undo)(?![\w-]))")
"""An id or a role makes braces ours whatever stands in front of them."""
RUNNABLE = frozenset({"bash", "sh", "shell", "python", "py", "yaml"})


class Attribute(Struct, frozen=True):
    """One word between braces: `#id`, `.class` or `key=value`; places are made when they are asked for."""

    kind: Literal["id", "class", "pair"]
    name: str
    value: str
    place: Place
    at: tuple[int, int]
    value_at: tuple[int, int]

    @property
    def span(self) -> Span:
        """Where the name stands, with its `#` or `.`."""
        return self.place(*self.at)

    @property
    def value_span(self) -> Span:
        """Where the value stands, without its quotes."""
        return self.place(*self.value_at)


class InfoString(Struct, frozen=True):
    """The language and the attributes of a fence; `braces` are where any of ours stand."""

    language: str
    place: Place
    at: tuple[int, int]
    braces: tuple[int, int] | None = None
    attributes: tuple[Attribute, ...] = ()

    @property
    def span(self) -> Span:
        """Where the language stands."""
        return self.place(*self.at)

    @property
    def braces_span(self) -> Span:
        """Where the braces stand, or the language where there are none."""
        return self.place(*(self.braces or self.at))


def parse_info(info: str, place: Place) -> tuple[InfoString, list[Diagnostic]]:
    """Take an info string apart, and say what is wrong with its form; never raises."""
    start = len(info) - len(info.lstrip())
    stripped = info.strip()
    language = LANGUAGE_END.split(stripped, maxsplit=1)[0]
    opening = info.find("{", start)
    plain = InfoString(stripped.split(maxsplit=1)[0] if stripped else "", place, (start, max(1, len(language))))
    before = info[start + len(language) : max(opening, 0)]
    if opening < 0 or not _ours(info[opening:], likely=language.casefold() in RUNNABLE and not before.strip()):
        return plain, []
    faults = []
    if not language:
        faults.append(
            Diagnostic(
                "found no language before `{`, wanted one such as `bash`",
                place(opening, 1),
                f"write `bash {line(stripped)}`",
                Code.INFO_LANGUAGE,
            )
        )
    elif not before:
        faults.append(
            Diagnostic(
                f"no space between `{line(language)}` and `{{`",
                place(opening, 1),
                f"write `{line(language)} {line(info[opening:].strip())}`",
                Code.INFO_SPACE,
            )
        )
    elif before.strip():
        faults.append(
            Diagnostic(
                f"found `{line(before.strip())}` between the language and `{{`",
                place(opening - len(before.lstrip()), len(before.strip())),
                "remove it, attributes go between the braces",
                Code.INFO_TEXT,
            )
        )
    attributes, found = parse_attributes(info, opening, place)
    braces = opening, len(info.rstrip()) - opening
    return InfoString(language, place, plain.at, braces, attributes), faults + found


def parse_attributes(text: str, opening: int, place: Place) -> tuple[tuple[Attribute, ...], list[Diagnostic]]:
    """Read `{…}` that begins at `opening` and must end the text; returns its attributes and the faults of form."""
    attributes: list[Attribute] = []
    faults: list[Diagnostic] = []
    position = opening + 1
    while position < len(text) and text[position] != "}":
        match = TOKEN.match(text, position)
        if match is None:
            break
        position = match.end()
        if match["space"] is not None:
            continue
        if match["value"] == "" and text[position : position + 1] in {'"', "'"}:
            faults.append(_unclosed_quotation(match["key"], text[position:], place(position, len(text) - position)))
            return tuple(attributes), faults + list(_repeated(attributes))
        if attribute := _attribute(match, place):
            attributes.append(attribute)
        else:
            faults.append(_stray(match, place))
    if position >= len(text) or text[position] != "}":
        faults.append(Diagnostic("`{` is never closed", place(opening, 1), "add `}` at the end", Code.INFO_UNCLOSED))
    elif rest := text[position + 1 :].strip():
        faults.append(
            Diagnostic(
                f"found `{line(rest)}` after `}}`",
                place(text.index(rest, position + 1), len(rest)),
                "remove it, attributes go between the braces",
                Code.INFO_TEXT,
            )
        )
    return tuple(attributes), faults + list(_repeated(attributes))


def _ours(braces: str, *, likely: bool) -> bool:
    inner = braces[1:].split("}", 1)[0]
    return MARKED.search(inner) is not None or (likely and not (inner and HIGHLIGHT.fullmatch(inner)))


def _attribute(match: re.Match[str], place: Place) -> Attribute | None:
    at = match.start(), match.end() - match.start()
    if match["id"]:
        return Attribute("id", match["id"], match["id"], place, at, at)
    if match["class"]:
        return Attribute("class", match["class"], match["class"], place, at, at)
    if match["key"] is None:
        return None
    raw, start = match["value"], match.start("value")
    quoted = raw[:1] in {'"', "'"}
    value = raw[1:-1] if quoted else raw
    return Attribute(
        "pair",
        match["key"],
        ESCAPE.sub(r"\1", value) if raw[:1] == '"' and "\\" in value else value,
        place,
        (match.start(), len(match["key"])),
        (start + quoted, len(value)),
    )


def _stray(match: re.Match[str], place: Place) -> Diagnostic:
    found = match[0]
    word = found.strip(",;:").removeprefix("--")
    if word in FLAGS or word in ROLES:
        hint = f"write `.{word}`"
    elif word in PAIRS or word in SCRIPT_PAIRS:
        hint = f"write `{word}=…`"
    elif found[:1] in {'"', "'"}:
        hint = 'close the quotation, or write `key="text"`'
    elif re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]*", word):
        hint = f"write `#{word}` for an id, `.{word}` for a flag or `{word}=…` for a value"
    else:
        hint = "separate `#id`, `.flag` and `key=value` by spaces"
    return Diagnostic(
        f"found `{line(found)}`, wanted `#id`, `.flag` or `key=value`",
        place(match.start(), len(found)),
        hint,
        Code.INFO_WORD,
    )


def _unclosed_quotation(key: str, rest: str, span: Span) -> Diagnostic:
    mark = rest[0]
    return Diagnostic(
        f"the quotation behind `{key}=` is never closed",
        span,
        f"write `{key}={mark}{line(rest[1:].strip().removesuffix('}').rstrip())}{mark}}}`",
        Code.INFO_WORD,
    )


def _repeated(attributes: list[Attribute]) -> Iterator[Diagnostic]:
    if (
        len({attribute.name for attribute in attributes}) == len(attributes)
        and [attribute.kind for attribute in attributes].count("id") <= 1
    ):
        return
    seen: set[tuple[str, str]] = set()
    for attribute in attributes:
        key = (attribute.kind, "" if attribute.kind == "id" else attribute.name)
        if key in seen:
            what = "a second id" if attribute.kind == "id" else f"`{attribute.name}` a second time"
            yield Diagnostic(f"found {what}", attribute.span, "keep one of the two", Code.ATTRIBUTE_TWICE)
        seen.add(key)
