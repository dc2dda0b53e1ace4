"""A document taken apart: what can become steps, in its order, each with the prose in front of it."""

from __future__ import annotations

import re
import textwrap
from dataclasses import dataclass

from markdown_it.token import Token

from recipe_runner.errors import Diagnostic
from recipe_runner.language.attributes import roles
from recipe_runner.language.codes import Code
from recipe_runner.language.elements import Fence, Include, Item, Outline
from recipe_runner.language.infostring import Attribute, Place, parse_attributes, parse_info
from recipe_runner.language.markdown import Markdown, dropped
from recipe_runner.language.source import Document

TASK = re.compile(r"\[[ xX]\][ \t\n]+(?=\S)")
BRACES = re.compile(r"(?:^|[ \t])(\{[ \t]*(?:#|\.[a-z]|[a-z][a-z-]*=)(?:\$\{[^{}]*\}|[^{}])*\})[ \t]*$")
HIDDEN_STEP = re.compile(r"^[ >]*(?:`{3,}|~{3,})[^`{]*\{#")
QUOTE = re.compile(r"^[ \t]*>[ \t]?(?:[ \t]*>[ \t]?)*")


@dataclass(slots=True)
class _OpenItem:
    """A list item that is being read."""

    start: int
    end: int
    content: str
    element: Item | None
    paragraph_end: int = 0
    list_start: int | None = None
    title: str | None = None
    cut: int | None = None


def outline(document: Document, first_line: int) -> Outline:
    """Take a document apart from `first_line` (from 1) on, what stands before being its header; never raises."""
    return _Walk(document, first_line).run()


class _Walk:
    def __init__(self, document: Document, first_line: int) -> None:
        self.document = document
        body = ("",) * (first_line - 1) + document.lines[first_line - 1 :]
        self.markdown = Markdown(body)
        self.lines = body
        self.result = Outline()
        self.headings: list[tuple[int, str, int, int]] = []
        self.holes: list[tuple[int, int]] = []
        self.mark = 0
        self.items: list[_OpenItem] = []

    def run(self) -> Outline:
        tokens = self.markdown.tokens
        for index, token in enumerate(tokens):
            if dropped(token):
                self.fault_depth(token)
            match token.type:
                case "heading_open":
                    self.heading(token, tokens[index + 1])
                case "bullet_list_open" | "ordered_list_open" if self.items:
                    self.items[-1].list_start = _lines(token)[0]
                case "bullet_list_close" | "ordered_list_close" if self.items:
                    self.items[-1].list_start = None
                case "list_item_open":
                    self.open_item(token, tokens[index + 1], tokens[index + 2 : index + 3])
                case "list_item_close":
                    self.close_item()
                case "fence":
                    self.fence(token)
                case "paragraph_open":
                    self.paragraph(token, tokens[index + 1])
                case "html_block":
                    self.html(token)
        self.result.tail = self.prose(len(self.lines))
        return self.result

    def heading(self, token: Token, inline: Token) -> None:
        start, end = _lines(token)
        level = int(token.tag[1])
        text = self.markdown.plain(inline.content)
        while self.headings and self.headings[-1][0] >= level:
            self.headings.pop()
        self.headings.append((level, text, start, end))
        if level == 1 and self.result.title is None and text:
            self.result.title = text

    def prose(self, until: int) -> str:
        """Return the Markdown since the last part; the headings that a step's `headings` name are left out."""
        holes = [*self.holes, *((start, end) for _, _, start, end in self.headings if end > self.mark)]
        if not holes:
            return "\n".join(self.lines[self.mark : until]).strip("\n")
        kept = []
        position = self.mark
        for start, end in sorted(hole for hole in holes if hole[1] > self.mark):
            kept.append("\n".join(self.lines[position:start]).strip("\n"))
            position = max(position, end)
        kept.append("\n".join(self.lines[position:until]).strip("\n"))
        return "\n\n".join(part for part in kept if part.strip())

    def begin(self, line: int) -> None:
        """Note that a part begins at `line` (from 0): the items around it end their own text here."""
        for item in self.items:
            if item.element is not None and item.cut is None:
                item.cut = item.list_start if item.list_start is not None else line
                self.mark = item.cut

    def passed_by(self, line: int) -> None:
        """Note that a part ended before `line` (from 0)."""
        self.mark, self.holes = line, []

    def titles(self) -> tuple[str, ...]:
        return tuple(text for _, text, _, _ in self.headings if text)

    def open_item(self, token: Token, first: Token, inline: list[Token]) -> None:
        start, end = _lines(token)
        content = inline[0].content if first.type == "paragraph_open" else ""
        item = _OpenItem(start, end, content, None)
        if box := TASK.match(content):
            item.paragraph_end = _lines(first)[1]
            item.element = self.task(item, content[box.end() :])
        self.items.append(item)

    def task(self, item: _OpenItem, content: str) -> Item:
        attributes: tuple[Attribute, ...] = ()
        last = content[content.rfind("\n") + 1 :]
        if braces := BRACES.search(last):
            attributes, faults = parse_attributes(last, braces.start(1), self.place_of(last, item))
            self.result.faults += faults
            content = content[: len(content) - len(last) + braces.start()].rstrip()
        self.begin(item.start)
        element = Item(
            self.titles(),
            self.prose(item.start),
            self.document.span(item.start + 1, _indent(self.document.lines[item.start])),
            content,
            self.markdown.plain(content),
            attributes,
            sum(1 for outer in self.items if outer.element is not None),
            tuple(self.plain(outer) for outer in reversed(self.items)),
        )
        self.result.elements.append(element)
        self.passed_by(item.end)
        return element

    def place_of(self, last: str, item: _OpenItem) -> Place:
        """Return what makes spans in the last line of an item's paragraph, whose white space is not the file's."""
        end = last.lstrip()
        rows = range(item.paragraph_end - 1, item.start - 1, -1)
        row = next((row for row in rows if self.document.lines[row].rstrip().endswith(end)), item.start)
        offset = len(self.document.lines[row].rstrip()) - len(last)
        return lambda start, length: self.document.span(row + 1, offset + start, length)

    def plain(self, item: _OpenItem) -> str:
        if item.title is None:
            item.title = self.markdown.plain(TASK.sub("", item.content))
        return item.title

    def close_item(self) -> None:
        item = self.items.pop()
        if item.element is None:
            return
        end = item.end if item.cut is None else item.cut
        element = item.element
        own = [QUOTE.sub("", line) for line in self.lines[item.start : end]]
        element.source = textwrap.dedent("\n".join(own)).strip()
        rest = textwrap.dedent("\n".join(own[item.paragraph_end - item.start :])).strip()
        if rest:
            element.text += f"\n\n{rest}"

    def fence(self, token: Token) -> None:
        start, end = _lines(token)
        rows = token.content.split("\n")[:-1]
        opening = self.document.lines[start]
        if end - start - 1 == len(rows):
            self.result.faults.append(self.unclosed(token, start))
        if "{" not in token.info:
            return
        offset = len(opening) - len(token.info)
        info, faults = parse_info(token.info, lambda at, length: self.document.span(start + 1, offset + at, length))
        self.result.faults += faults
        if info.braces is None:
            return
        is_step = not any(roles(info.attributes))
        self.begin(start)
        self.result.elements.append(
            Fence(
                self.titles(),
                self.prose(start) if is_step else "",
                self.document.span(start + 1, max(0, offset - len(token.markup))),
                info,
                self.document.passage(tuple(rows), start + 2),
                f"{token.markup}{token.info}\n{token.content}{token.markup}",
            )
        )
        if is_step:
            self.passed_by(end)
        else:
            self.holes.append((start, end))

    def unclosed(self, token: Token, start: int) -> Diagnostic:
        line = self.document.lines[start]
        column = max(0, len(line) - len(token.info) - len(token.markup))
        return Diagnostic(
            "the fence that begins here is never closed",
            self.document.span(start + 1, column, len(token.markup)),
            f"add a line {token.markup} after its last line",
            Code.FENCE_UNCLOSED,
        )

    def paragraph(self, token: Token, inline: Token) -> None:
        content = inline.content
        if not content.startswith("[") or "include" not in content:
            return
        children = self.markdown.inline(content)
        if not children or children[0].type != "link_open" or children[0].attrs.get("title") != "include":
            return
        closing = next(i for i, child in enumerate(children) if child.type == "link_close")
        start, end = _lines(token)
        line = self.document.lines[start]
        if closing != len(children) - 1:
            self.result.faults.append(
                Diagnostic(
                    "an include link does not stand alone",
                    self.document.span(start + 1, _indent(line)),
                    "make it a paragraph of its own",
                    Code.INCLUDE_ALONE,
                )
            )
            return
        target = str(children[0].attrs["href"])
        at = line.find(target)
        span = (
            self.document.span(start + 1, at, len(target)) if at >= 0 else self.document.span(start + 1, _indent(line))
        )
        self.begin(start)
        self.result.elements.append(Include(self.titles(), self.prose(start), span, target))
        self.passed_by(end)

    def html(self, token: Token) -> None:
        if token.content.lstrip().startswith("<!--"):
            return
        start, _ = _lines(token)
        for row, text in enumerate(token.content.split("\n"), start):
            if not HIDDEN_STEP.match(text):
                continue
            line = self.document.lines[row]
            self.result.faults.append(
                Diagnostic(
                    "this fence is raw HTML and will not run",
                    self.document.span(row + 1, _indent(line)),
                    "put an empty line between the HTML tag and the fence",
                    Code.FENCE_IN_HTML,
                )
            )

    def fault_depth(self, token: Token) -> None:
        start, _ = _lines(token)
        self.result.faults.append(
            Diagnostic(
                "lists and quotes are nested too deeply",
                self.document.span(start + 1, _indent(self.document.lines[start])),
                "nest them less deeply",
                Code.TOO_DEEP,
            )
        )


def _lines(token: Token) -> tuple[int, int]:
    """Return the token's first line and the line behind its last, from 0."""
    start, end = token.map or (0, 0)
    return start, end


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())
