"""A recipe as a page in the terminal: prose as a reader knows it, and steps as the runner sees them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar, Protocol

from rich.box import ROUNDED
from rich.console import Console, ConsoleOptions, JustifyMethod, RenderResult
from rich.markdown import CodeBlock, Heading, Markdown, MarkdownElement
from rich.padding import Padding
from rich.panel import Panel
from rich.syntax import Syntax
from rich.text import Text

from recipe_runner.console.terminal import Terminal
from recipe_runner.language.model import ActionStep, Block, Manual, Recipe
from recipe_runner.language.source import Document
from recipe_runner.sanitise import visible

BOX = re.compile(r"\[[ xX]\]")
BRACES = re.compile(r"[ \t]*\{[^{}]*\}[ \t]*$")
KNOWN = re.compile(r"(?:^|\s)(?:#[\w-]+|\.(?:check|verify|undo)\b|(?:for|action)=\S+)")
THEME = "ansi_dark"


@dataclass(frozen=True, slots=True)
class Label:
    """What is written on a fence that runs."""

    title: str
    style: str
    kind: str


def header(terminal: Terminal, recipe: Recipe) -> None:
    """Print what the recipe asks for and what it requires."""
    if recipe.params:
        rows: list[list[str | tuple[str, str]]] = [
            [(p.name, "code"), (p.type, "quiet"), _default(p.default, required=p.required), p.help]
            for p in recipe.params
        ]
        terminal.table(("parameter", "type", "default", ""), rows)
        terminal.say("")
    if recipe.requires:
        wanted = (r.arguments.data for r in recipe.requires)
        texts = [[", ".join(f"{key}: {value}" for key, value in data.items())] for data in wanted]
        terminal.table(("requires",), texts)
        terminal.say("")


def body(terminal: Terminal, recipe: Recipe, document: Document, first_line: int) -> None:
    """Print one file of the recipe from `first_line` (from 1) on, in the order in which it is written."""
    if document.path != recipe.sources[0].path:
        terminal.rule(document.path)
        terminal.out.print()
    labels = dict(_labels(recipe, document.path))
    rows = ["" if number < first_line else row for number, row in enumerate(document.lines, 1)]
    for step in recipe.steps:
        if isinstance(step, Manual) and step.span.path == document.path:
            _tick(rows, step)
    terminal.out.print(Page(visible("\n".join(rows)), labels, plain=terminal.plain), soft_wrap=False)


def _default(default: str | tuple[str, ...] | None, *, required: bool) -> str | tuple[str, str]:
    if default is None:
        return ("required" if required else "empty", "quiet")
    return default if isinstance(default, str) else ", ".join(default)


def _labels(recipe: Recipe, path: str) -> Iterator[tuple[int, Label]]:
    """Yield the line of the opening (from 1) of each fence of a file that runs, and its label."""
    for step in recipe.steps:
        roles = (("check", step.checks), ("verify", step.verifies), ("undo", step.undos))
        for role, scripts in roles:
            yield from (
                (s.span.line, Label(f"{role} {step.id}", "yellow", s.language)) for s in scripts if s.span.path == path
            )
        if isinstance(step, Block | ActionStep) and step.span.path == path:
            kind = step.script.language if isinstance(step, Block) else step.action
            mark, style = ("⚠ ", "bold red") if step.attributes.irreversible else ("▶ ", "cyan")
            yield step.span.line, Label(f"{mark}{step.id}", style, kind)


def _tick(rows: list[str], step: Manual) -> None:
    """Write a manual item's box as a box, with the item's id in front of its text."""
    first = step.span.line - 1
    rows[first] = BOX.sub(lambda _: f"☐ `{step.id}` ·", rows[first], count=1)
    for number in range(first, min(len(rows), first + step.source.count("\n") + 1)):
        if f"{{#{step.id}" in rows[number]:
            rows[number] = BRACES.sub("", rows[number])


class Opening(Protocol):
    """What a fence needs of the token that it is made of; `map` are its first line and the one behind it, from 0."""

    info: str
    map: list[int] | None


class Fence(CodeBlock):
    """Code: in a frame that names the step where it runs, without one where it does not."""

    def __init__(self, info: str, label: Label | None, *, plain: bool) -> None:
        super().__init__((info.split() or ["text"])[0], THEME)
        self.info = info
        self.label = label
        self.plain = plain

    @classmethod
    def create(cls, markdown: Markdown, token: Opening) -> Fence:
        """Make the element of a fence; called by the page while it is drawn."""
        label = markdown.labels.get(token.map[0] + 1) if isinstance(markdown, Page) and token.map else None
        plain = isinstance(markdown, Page) and markdown.plain
        return cls(token.info, label, plain=plain)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Draw it."""
        code = self.text.plain.rstrip("\n")
        syntax = Syntax(code, self.lexer_name, theme=THEME, background_color="default", word_wrap=True)
        label = self.label
        if label is None:
            yield Padding(syntax, (0, 4))
        elif self.plain:
            yield Text(f"{label.title} ({', '.join(filter(None, (label.kind, self._attributes())))}):")
            yield Padding(syntax, (0, 4))
        else:
            yield Panel(
                syntax,
                box=ROUNDED,
                title=Text.assemble((label.title, label.style), (f" · {label.kind}", "dim")),
                title_align="left",
                subtitle=Text(self._attributes(), style="dim") if self._attributes() else None,
                subtitle_align="left",
                border_style=label.style,
                padding=(0, 1),
            )

    def _attributes(self) -> str:
        """Return what stands between the braces besides what the title says."""
        return " ".join(KNOWN.sub("", self.info.partition("{")[2].rpartition("}")[0]).split())


class Title(Heading):
    """A heading, every one at the left."""

    LEVEL_ALIGN: ClassVar[dict[str, JustifyMethod]] = {}


class Page(Markdown):
    """Markdown whose fences know by their line (from 1) whether they run."""

    elements: ClassVar[dict[str, type[MarkdownElement]]] = {
        **Markdown.elements,
        "fence": Fence,
        "heading_open": Title,
    }

    def __init__(self, text: str, labels: Mapping[int, Label], *, plain: bool) -> None:
        super().__init__(text, hyperlinks=False)
        self.labels = labels
        self.plain = plain
