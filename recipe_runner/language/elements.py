"""The parts of a document that can become steps."""

from __future__ import annotations

from msgspec import Struct

from recipe_runner.errors import Diagnostic, Span
from recipe_runner.language.infostring import Attribute, InfoString
from recipe_runner.language.source import Passage


class Element(Struct):
    """What all parts share: the headings above, the prose since the part before, and the opening line."""

    headings: tuple[str, ...]
    prose: str
    span: Span


class Fence(Element):
    """A fence with braces; `source` is its Markdown without the indentation of its container."""

    info: InfoString
    code: Passage
    source: str


class Item(Element):
    """A task-list item; `above` are the texts of the items around it, the innermost first."""

    text: str
    title: str
    attributes: tuple[Attribute, ...]
    depth: int
    above: tuple[str, ...]
    source: str = ""


class Include(Element):
    """A link to another recipe whose steps belong here."""

    target: str


class Outline(Struct):
    """A document taken apart; `tail` is the prose behind the last part."""

    elements: list[Element] = []
    faults: list[Diagnostic] = []
    title: str | None = None
    tail: str = ""
