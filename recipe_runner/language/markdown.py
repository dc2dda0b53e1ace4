"""Markdown as CommonMark reads it, with tables: the one place that knows markdown-it."""

from __future__ import annotations

import re
from collections.abc import Iterable, MutableMapping
from dataclasses import dataclass, field
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.token import Token

NESTING = 60
"""Levels of quotes and lists (a list counts two) beyond which markdown-it drops the text in silence."""
SPECIAL = re.compile(r"[\\`*_\[\]<>!&\n]")


@dataclass(slots=True)
class Markdown:
    """A text's block tokens; inline markup is read only where it is asked for, which is most of the speed."""

    lines: tuple[str, ...]
    tokens: list[Token] = field(init=False)
    _reader: MarkdownIt = field(init=False)
    _references: MutableMapping[str, Any] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self._reader = MarkdownIt("commonmark", {"maxNesting": NESTING}).enable("table")
        self._reader.core.ruler.enableOnly(["normalize", "block"])
        self.tokens = self._reader.parse("\n".join((*self.lines, "")), self._references)

    def inline(self, content: str) -> list[Token]:
        """Return the tokens of one paragraph's content."""
        tokens: list[Token] = []
        self._reader.inline.parse(content, self._reader, self._references, tokens)
        return tokens

    def plain(self, content: str) -> str:
        """Return what a reader sees of a paragraph's content, on one line, without markup, HTML and link targets."""
        text = _text(self.inline(content)) if SPECIAL.search(content) else content
        return " ".join(text.split())


def dropped(token: Token) -> bool:
    """Tell whether the text inside this token was nested too deeply to be read."""
    return token.nesting == 1 and token.level + 1 >= NESTING and token.type in {"blockquote_open", "list_item_open"}


def _text(tokens: Iterable[Token]) -> str:
    parts = []
    for token in tokens:
        if token.type in {"softbreak", "hardbreak"}:
            parts.append(" ")
        elif token.type == "image":
            parts.append(_text(token.children or ()))
        elif token.type != "html_inline":
            parts.append(token.content)
    return "".join(parts)
