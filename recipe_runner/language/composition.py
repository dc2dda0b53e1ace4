"""YAML text read as nodes: texts, lists and mappings, and nothing that surprises.

The events of PyYAML's `BaseLoader` are taken as they come: every scalar is a string, and tags, anchors, aliases and
merge keys, which a reader of a recipe cannot see through, are faults.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import yaml

from recipe_runner.errors import Diagnostic, InvalidRecipeError
from recipe_runner.language.codes import Code
from recipe_runner.language.nodes import Node
from recipe_runner.language.source import Passage
from recipe_runner.sanitise import line

LOADER: Any = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
DEEPEST = 32
PLAIN = {
    "flow mapping": "`{…}`",
    "flow sequence": "`[…]`",
    "flow node": "value",
    "block mapping": "mapping",
    "block collection": "list",
    "quoted scalar": "quotation",
    "plain scalar": "text",
    "end of stream": "end of the text",
}
"""The words of the YAML specification, and those of people who write recipes."""
UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]")
"""Characters that YAML 1.1 section 5 forbids, or takes for line ends and byte order marks where Markdown does not."""


@dataclass(slots=True)
class _Composer:
    passage: Passage
    faults: list[Diagnostic] = field(default_factory=list)
    open: list[Node] = field(default_factory=list)
    keys: list[Node | None] = field(default_factory=list)
    root: Node | None = None
    told: bool = True
    """Whether the nodes have every value that the text means."""

    def fault(self, node: Node, message: str, hint: str, code: Code) -> None:
        length = node.end[1] - node.start[1] if node.end[0] == node.start[0] else None
        self.faults.append(Diagnostic(line(message), self.passage.span(*node.start, length), hint, code))

    def take(self, event: Any) -> None:  # noqa: ANN401 (the stubs know neither marks nor values)
        node = Node((event.start_mark.line, event.start_mark.column), (event.end_mark.line, event.end_mark.column))
        match event:
            case yaml.ScalarEvent():
                node.text = event.value
                self.place(node)
            case yaml.AliasEvent():
                node.text = ""
                self.told = False
                self.fault(node, f"found the alias `*{event.anchor}`", "write the value out", Code.YAML_FEATURE)
                self.place(node)
            case yaml.SequenceStartEvent():
                node.items, node.flow = [], bool(event.flow_style)
                self.enter(node)
            case yaml.MappingStartEvent():
                node.entries, node.flow = {}, bool(event.flow_style)
                self.enter(node)
            case yaml.SequenceEndEvent() | yaml.MappingEndEvent():
                closed = self.open.pop()
                self.keys.pop()
                closed.end = node.end
                return
            case yaml.DocumentStartEvent() if self.root is not None:
                self.fault(node, "found a second YAML document", "keep only one", Code.YAML_FEATURE)
                raise InvalidRecipeError(*self.faults)
            case _:
                return
        anchor = getattr(event, "anchor", None)
        if anchor and not isinstance(event, yaml.AliasEvent):
            self.fault(node, f"found the anchor `&{anchor}`", "remove it", Code.YAML_FEATURE)
        if tag := getattr(event, "tag", None):
            shown = tag.replace("tag:yaml.org,2002:", "!!")
            self.fault(node, f"found the tag `{shown}`", "remove it", Code.YAML_FEATURE)

    def enter(self, node: Node) -> None:
        self.place(node)
        self.open.append(node)
        self.keys.append(None)
        if len(self.open) > DEEPEST:
            self.fault(node, f"found more than {DEEPEST} levels", "nest less deeply", Code.YAML_DEPTH)
            raise InvalidRecipeError(*self.faults)

    def place(self, node: Node) -> None:
        if not self.open:
            self.root = node
            return
        parent = self.open[-1]
        if parent.items is not None:
            parent.items.append(node)
        elif (key := self.keys[-1]) is None:
            self.keys[-1] = node
            self.check_key(parent, node)
        else:
            self.keys[-1] = None
            if parent.entries is not None and key.text is not None and key.text not in parent.entries:
                parent.entries[key.text] = key, node

    def check_key(self, parent: Node, key: Node) -> None:
        if key.text is None:
            self.told = False
            self.fault(key, "found a list or mapping as a key", "use a word as the key", Code.YAML_FEATURE)
        elif key.text == "<<":
            self.told = False
            self.fault(key, "found a merge key `<<`", "write the keys out", Code.YAML_FEATURE)
        elif parent.entries is not None and key.text in parent.entries:
            number = self.passage.first_line + parent.entries[key.text][0].start[0]
            self.fault(
                key,
                f"found `{key.text}` a second time, the first is on line {number}",
                "keep one of the two",
                Code.YAML_DUPLICATE,
            )


def compose(passage: Passage) -> tuple[Node | None, tuple[Diagnostic, ...]]:
    """Return the root node of the YAML in `passage`, None where there is none, and faults that leave every value known.

    Of a key that is written twice the first value is kept. Raises InvalidRecipeError where values are not known.
    """
    text = passage.text
    if match := UNPRINTABLE.search(text):
        raise InvalidRecipeError(_unprintable(passage, text, match.start()))
    composer = _Composer(passage)
    try:
        for event in yaml.parse(text, Loader=LOADER):
            composer.take(event)
    except yaml.MarkedYAMLError as error:
        composer.told = False
        composer.faults.append(_syntax(passage, error))
    if not composer.told:
        raise InvalidRecipeError(*composer.faults)
    return composer.root, tuple(composer.faults)


def _unprintable(passage: Passage, text: str, index: int) -> Diagnostic:
    row = text.count("\n", 0, index)
    return Diagnostic(
        f"found the character `U+{ord(text[index]):04X}`, which YAML cannot hold",
        passage.span(row, index - (text.rfind("\n", 0, index) + 1), 1),
        "remove it",
        Code.YAML_SYNTAX,
    )


def _syntax(passage: Passage, error: yaml.MarkedYAMLError) -> Diagnostic:
    ended = "end of stream" in (error.problem or "")
    mark = (error.context_mark if ended else None) or error.problem_mark or error.context_mark
    row, column = (mark.line, mark.column) if mark else (0, 0)
    if row >= len(passage.rows) and passage.rows:
        row, column = len(passage.rows) - 1, len(passage.rows[-1])
    text = passage.rows[row] if passage.rows else ""
    problem = ": ".join(part for part in (error.context, error.problem) if part).replace("'", "`")
    for jargon, plain in PLAIN.items():
        problem = problem.replace(jargon, plain)
    return Diagnostic(
        f"the YAML cannot be read: {line(problem)}",
        passage.span(row, column, 1),
        _remedy(text, problem),
        Code.YAML_SYNTAX,
    )


def _remedy(text: str, problem: str) -> str:
    if "\t" in text[: len(text) - len(text.lstrip())] or "\\t" in problem or "\t" in problem:
        return "indent with spaces, YAML refuses tabs"
    if "end of the text" in problem:
        return "close what is opened here"
    if "${" in text:
        return 'put quotes around a value that contains `${`, such as "${name}"'
    if "mapping values" in problem:
        return "put quotes around a value that contains `: `"
    if "indent" in problem or "block" in problem:
        return "check the indentation and the `key: value` form of this line"
    return "check the quotes, braces and brackets here"
