"""What can be told about shell code by looking at it: variables used, variables set, prompts pasted in.

This is no shell parser. It knows quotes, comments, command substitution and here-documents well enough to tell a
variable from a text that looks like one; where a script loads others (`source`, `eval`) nothing is certain any more.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

POINT = re.compile(
    r"""\\.|(?P<ansi>\$')|'|"|\$\(|\(|\)|\n
    |(?P<comment>(?:(?<=[\s;&|(])|\A)\#[^\n]*)
    |<<<|<<(?P<dash>-?)[ \t]*(?P<word>"[^"\n]*"|'[^'\n]*'|\\?[A-Za-z0-9_.+-]+)
    |\$\{?[\#!]?(?P<name>[A-Za-z_][A-Za-z0-9_]*)
    |(?P<prompt>\$[ \t]+(?=\S))""",
    re.VERBOSE | re.DOTALL,
)
VARIABLE = re.compile(r"\\.|\$\{?[#!]?(?P<name>[A-Za-z_][A-Za-z0-9_]*)", re.DOTALL)
ASSIGNED = re.compile(
    r"""\b(?P<plain>[A-Za-z_][A-Za-z0-9_]*)(?:\[[^\]\n]{0,80}\])?(?:[-+*/%|&^]?=(?!=)|\+\+|--)
    |\b(?:for|select|-v)[ \t]+(?P<loop>[A-Za-z_][A-Za-z0-9_]*)
    |\b(?:read|mapfile|readarray|local|declare|typeset|export|readonly|unset|getopts|printf[ \t]+-v)\b(?P<words>[^;&|\n<>]*)""",
    re.VERBOSE,
)
OPAQUE = re.compile(r"(?m)(?:^|[;&|({]|\bthen|\bdo|\belse)[ \t]*(?:source|\.|eval)[ \t]")
WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True, slots=True)
class Use:
    """A variable's name at a row and column (of the `$`), both from 0; an empty name is a pasted prompt."""

    name: str
    row: int
    column: int
    length: int


def uses(code: str) -> Iterator[Use]:
    """Yield the variables that `code` reads and the `$ ` prompts at the beginning of its lines."""
    context: list[str] = []
    documents: list[tuple[str, bool, bool]] = []
    row, line_start, position = 0, 0, 0
    while match := POINT.search(code, position):
        found, position = match[0], match.end()
        quoted = bool(context) and context[-1] == '"'
        if match["name"]:
            yield Use(match["name"], row, match.start() - line_start, len(found) + (found[1] == "{"))
        elif match["prompt"]:
            if not context and not code[line_start : match.start()].strip():
                yield Use("", row, match.start() - line_start, len(found))
        elif found == "\n":
            row, line_start = row + 1, position
            if documents and not quoted:
                inner, position = _skip(code, position, row, documents)
                yield from inner
                row += code.count("\n", line_start, position)
                line_start = position
                documents = []
        elif found == '"':
            _toggle(context, quoted)
        elif found == "$(" or (found == "(" and not quoted):
            context.append("(")
        elif found == ")" and context and not quoted:
            context.pop()
        elif (found == "'" or match["ansi"]) and not quoted:
            position = _after_quote(code, position, ansi=bool(match["ansi"]))
            row += code.count("\n", match.end(), position)
            line_start = code.rfind("\n", 0, position) + 1
        elif match["ansi"] or (match["comment"] and quoted):
            position = match.start() + 1
        elif match["word"] and not quoted:
            word = match["word"]
            documents.append((word.strip("\"'\\"), word[0] in "\"'\\", bool(match["dash"])))
        elif found[0] == "\\" and found[1:] == "\n":
            row, line_start = row + 1, position


def assigned(code: str) -> set[str]:
    """Return every name that `code` may give a value; names that only look so are no harm."""
    names: set[str] = set()
    for match in ASSIGNED.finditer(code):
        names.update(WORD.findall(match["plain"] or match["loop"] or match["words"] or ""))
    return names


def opaque(code: str) -> bool:
    """Tell whether `code` loads other code, which may set any variable."""
    return OPAQUE.search(code) is not None


def _toggle(context: list[str], quoted: bool) -> None:
    if quoted:
        context.pop()
    else:
        context.append('"')


def _after_quote(code: str, position: int, *, ansi: bool) -> int:
    while True:
        end = code.find("'", position)
        if end < 0:
            return len(code)
        if not ansi or (end - len(code[position:end].rstrip("\\")) - position) % 2 == 0:
            return end + 1
        position = end + 1


def _skip(code: str, start: int, row: int, documents: list[tuple[str, bool, bool]]) -> tuple[list[Use], int]:
    """Return the variables inside the here-documents that begin at `start`, and where they end."""
    found: list[Use] = []
    position = start
    for word, literal, dash in documents:
        while position < len(code):
            end = code.find("\n", position)
            end = len(code) if end < 0 else end
            text = code[position:end]
            position = min(end + 1, len(code))
            if (text.lstrip("\t") if dash else text) == word:
                break
            if not literal:
                found += (
                    Use(m["name"], row, m.start(), len(m[0]) + (m[0][1] == "{"))
                    for m in VARIABLE.finditer(text)
                    if m["name"]
                )
            row += 1
        row += 1
    return found, position
