"""What can be told about shell code by looking at it: variables used, variables set, prompts pasted in.

This is no shell parser. It knows quotes, comments, command substitution and here-documents well enough to tell a
variable from a text that looks like one; where a script loads others (`source`, `eval`) nothing is certain any more.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from msgspec import Struct

NAME = r"[A-Za-z_][A-Za-z0-9_]*"
READ = rf"\$(?P<brace>\{{[\#!]?)?(?P<name>{NAME})(?(brace)(?P<guard>:?[-+=?])?)"
"""A variable; one with a `guard`, as in `${name:-default}`, may well have no value."""
POINT = re.compile(
    rf"""(?P<escape>\\.)
    |(?P<ansi>\$')
    |(?P<single>')
    |(?P<double>")
    |(?P<substitution>\$\()
    |(?P<open>\()
    |(?P<close>\))
    |(?P<newline>\n)
    |(?P<comment>(?:(?<=[\s;&|(])|\A)\#[^\n]*)
    |(?P<string><<<)
    |(?P<here><<(?P<dash>-?)[ \t]*(?P<word>"[^"\n]*"|'[^'\n]*'|\\?[A-Za-z0-9_.+-]+))
    |(?P<variable>{READ})
    |(?P<prompt>\$[ \t]+(?=\S))""",
    re.VERBOSE | re.DOTALL,
)
VARIABLE = re.compile(rf"\\.|{READ}")
MENTIONED = re.compile(rf"\$\{{?[#!]?({NAME})")
SETTERS = r"read|mapfile|readarray|local|declare|typeset|export|readonly|unset|getopts|printf[ \t]+-v"
ASSIGNED = re.compile(
    rf"""\b(?P<plain>{NAME})(?:\[[^\]\n]{{0,80}}\])?(?:[-+*/%|&^]?=(?!=)|\+\+|--)
    |\b(?:for|select)[ \t]+(?P<loop>{NAME})
    |\b(?:{SETTERS})\b(?P<words>[^;&|\n<>]*)""",
    re.VERBOSE,
)
PROMPT = re.compile(r"(?m)^[ \t]*\$[ \t]")
LOADERS = ("source", "eval", ". ", ".\t")
OPAQUE = re.compile(r"(?m)(?:^|[;&|({]|\bthen|\bdo|\belse)[ \t]*(?:source|\.|eval)[ \t]")
WORD = re.compile(NAME)


class Use(Struct, frozen=True):
    """A variable's name at a row and column (of the `$`), both from 0; an empty name is a pasted prompt."""

    name: str
    row: int
    column: int
    length: int


def uses(code: str) -> Iterator[Use]:
    """Yield the variables that `code` reads and the `$ ` prompts at the beginning of its lines."""
    return _Scan(code).run() if "$" in code else iter(())


def mentioned(code: str) -> set[str]:
    """Return every name behind a `$`, and the empty one for a prompt: what `uses` can yield at most, but faster."""
    names = set(MENTIONED.findall(code))
    return names | {""} if PROMPT.search(code) else names


def assigned(code: str) -> set[str]:
    """Return every name that `code` may give a value; names that only look so are no harm."""
    names: set[str] = set()
    for match in ASSIGNED.finditer(code):
        names.update(WORD.findall(match["plain"] or match["loop"] or match["words"] or ""))
    return names


def opaque(code: str) -> bool:
    """Tell whether `code` loads other code, which may set any variable."""
    return any(word in code for word in LOADERS) and OPAQUE.search(code) is not None


@dataclass(slots=True)
class _Scan:
    """A walk over the points of the code that matter; `inside` are the quotes and parentheses that are open."""

    code: str
    position: int = 0
    row: int = 0
    line_start: int = 0
    inside: list[str] = field(default_factory=list)
    documents: list[re.Match[str]] = field(default_factory=list)

    def run(self) -> Iterator[Use]:
        while match := POINT.search(self.code, self.position):
            self.position = match.end()
            quoted = bool(self.inside) and self.inside[-1] == '"'
            match match.lastgroup:
                case "variable":
                    if not match["guard"]:
                        yield self.use(match, match.start() - self.line_start)
                case "prompt" if not self.inside and not self.code[self.line_start : match.start()].strip():
                    yield Use("", self.row, match.start() - self.line_start, len(match[0]))
                case "newline":
                    self.advance(match.start())
                    if self.documents and not quoted:
                        yield from self.here_documents()
                case _:
                    self.nest(match, quoted=quoted)

    def use(self, match: re.Match[str], column: int) -> Use:
        braced = match["brace"] is not None
        return Use(match["name"], self.row, column, match.end("name") - match.start() + braced)

    def nest(self, match: re.Match[str], *, quoted: bool) -> None:
        """Follow quotes, parentheses and the beginnings of here-documents."""
        match match.lastgroup:
            case "escape":
                self.advance(match.start())
            case "double" if quoted:
                self.inside.pop()
            case "double":
                self.inside.append('"')
            case "substitution":
                self.inside.append("(")
            case "open" if not quoted:
                self.inside.append("(")
            case "close" if self.inside and not quoted:
                self.inside.pop()
            case "single" | "ansi" if not quoted:
                self.position = self.quotation_end(escapes=match.lastgroup == "ansi")
                self.advance(match.start())
            case "here" if not quoted:
                self.documents.append(match)
            case "ansi" | "comment" if quoted:
                self.position = match.start() + 1

    def advance(self, start: int) -> None:
        """Count the lines that end between `start` and the present position."""
        if ended := self.code.count("\n", start, self.position):
            self.row += ended
            self.line_start = self.code.rfind("\n", start, self.position) + 1

    def quotation_end(self, *, escapes: bool) -> int:
        end = self.code.find("'", self.position)
        while escapes and end > 0 and self.escaped(end):
            end = self.code.find("'", end + 1)
        return len(self.code) if end < 0 else end + 1

    def escaped(self, index: int) -> bool:
        backslashes = 0
        while self.code[index - backslashes - 1] == "\\":
            backslashes += 1
        return backslashes % 2 == 1

    def here_documents(self) -> Iterator[Use]:
        """Pass over the bodies that begin here; a body whose end word is not quoted has variables."""
        for document in self.documents:
            word = document["word"]
            end_word = word.strip("\"'\\")
            while self.position < len(self.code):
                end = self.code.find("\n", self.position)
                end = len(self.code) if end < 0 else end
                text = self.code[self.position : end]
                if word == end_word:
                    for match in VARIABLE.finditer(text):
                        if match["name"] and not match["guard"]:
                            yield self.use(match, match.start())
                start, self.position = self.position, min(end + 1, len(self.code))
                self.advance(start)
                if (text.lstrip("\t") if document["dash"] else text) == end_word:
                    break
        self.documents = []
