"""A piece of YAML that remembers where each of its values stands."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from recipe_runner.errors import Diagnostic, InvalidRecipeError, Span
from recipe_runner.language.nodes import Node
from recipe_runner.language.source import Passage
from recipe_runner.language.template import Lookup, Reference, expand_scalar, malformed, references

if TYPE_CHECKING:
    from pydantic import BaseModel

M = TypeVar("M", bound="BaseModel")
Path = Sequence[str | int]


class Fragment(Struct, frozen=True):
    """YAML as plain `data` (dicts, lists, strings) beside the nodes it was read from.

    After `expand` the data differs from the text; places still point at the text.
    """

    data: Any
    passage: Passage
    root: Node
    expanded: bool = False

    @classmethod
    def parse(cls, passage: Passage) -> Fragment:
        """Read a passage; an empty one is an empty mapping. Raises InvalidRecipeError with every fault."""
        fragment, faults = cls.read(passage)
        if faults:
            raise InvalidRecipeError(*faults)
        return fragment

    @classmethod
    def read(cls, passage: Passage) -> tuple[Fragment, tuple[Diagnostic, ...]]:
        """Read a passage of which more is to be checked: return it with the faults that leave its values known.

        Raises InvalidRecipeError where they are not.
        """
        from recipe_runner.language.composition import compose  # noqa: PLC0415 - YAML, for recipes that have some

        root, faults = compose(passage)
        root = root or Node((0, 0), (0, 0), entries={})
        return cls(root.data(), passage, root), faults

    @property
    def span(self) -> Span:
        """Where it begins."""
        return self.at(())

    def sub(self, path: Path) -> Fragment:
        """Return the fragment below `path`; raises KeyError where there is none."""
        node, data = self.root, self.data
        for name in path:
            child = node.child(name)
            if child is None:
                raise KeyError(name)
            node, data = child, data[name]
        return replace(self, root=node, data=data)

    def at(self, path: Path, *, key: bool = False) -> Span:
        """Return the place of the value at `path`, or with `key` of its key; falls back to the nearest ancestor.

        Names that lead nowhere, such as the tags in pydantic's error locations, are passed over.
        """
        node, key_node = self.locate(path)
        if key_node is not None and (key or node.start == node.end):
            node = key_node
        elif node.entries and not node.flow:
            node = next(iter(node.entries.values()))[0]
        return self.place(node)

    def place(self, node: Node) -> Span:
        """Return where a node stands; of one on several lines the first line."""
        return self.passage.span(*node.start, node.end[1] - node.start[1] if node.end[0] == node.start[0] else None)

    def locate(self, path: Path) -> tuple[Node, Node | None]:
        """Return the node at `path`, or its nearest ancestor, and the key's node where it has one."""
        node, key_node = self.root, None
        for name in path:
            child = node.child(name)
            if child is not None:
                key_node = node.entries[name][0] if node.entries is not None and isinstance(name, str) else None
                node = child
        return node, key_node

    def names(self, *, verbatim: Collection[str] = ()) -> tuple[set[str], bool]:
        """Return the names of the references among the values, and whether everything that looks like one is one."""
        texts = [node.text or "" for node in self._texts(verbatim)]
        names = {use.name for text in texts for use in references(text)}
        return names, not any(malformed(text) for text in texts)

    def references(self, *, verbatim: Collection[str] = ()) -> list[tuple[str, Span]]:
        """Return the name and place of every `${name}` and `${step-id.output}` among the values.

        The values of the top-level keys `verbatim` are code, whose `${…}` is no concern of ours.
        """
        return self._uses(references, verbatim)

    def malformed(self, *, verbatim: Collection[str] = ()) -> list[tuple[str, Span]]:
        """Return the text and place of everything that looks like a reference and is none."""
        return self._uses(malformed, verbatim)

    def _uses(self, find: Callable[[str], tuple[Reference, ...]], verbatim: Collection[str]) -> list[tuple[str, Span]]:
        return [use for node in self._texts(verbatim) for use in self._uses_of(node, find)]

    def _texts(self, verbatim: Collection[str]) -> list[Node]:
        """Return the scalars that may hold references."""
        code = [self.root.child(key) for key in verbatim]
        return [node for node in self.root.scalars() if "${" in (node.text or "") and node not in code]

    def _uses_of(self, node: Node, find: Callable[[str], tuple[Reference, ...]]) -> list[tuple[str, Span]]:
        """Look for the references of a scalar in the lines it stands on; escapes in it may leave only its beginning."""
        places = []
        for row in range(node.start[0], min(node.end[0] + 1, len(self.passage.rows))):
            begin = node.start[1] if row == node.start[0] else 0
            end = node.end[1] if row == node.end[0] else None
            places += [
                (use.name, self.passage.span(row, begin + use.start, use.end - use.start))
                for use in find(self.passage.rows[row][begin:end])
            ]
        names = [use.name for use in find(node.text or "")]
        if [name for name, _ in places] == names:
            return places
        return [(name, self.passage.span(*node.start, None)) for name in names]

    def expand(self, lookup: Lookup, *, verbatim: Collection[str] = ()) -> Fragment:
        """Return the fragment with values in the place of references; `lookup` raises KeyError for an unknown name.

        A scalar that is exactly one reference to a list becomes the list. The values of the top-level keys `verbatim`
        stay as they are.
        """
        if not verbatim or not isinstance(self.data, dict):
            return replace(self, data=_expanded(self.data, lookup), expanded=True)
        data = {key: value if key in verbatim else _expanded(value, lookup) for key, value in self.data.items()}
        return replace(self, data=data, expanded=True)

    def as_written(self, message: str) -> str:
        """Put the recipe's text back where a message quotes a value that took its place, which may be a secret."""
        for value, text in sorted(_replaced(self.root, self.data), reverse=True) if self.expanded else ():
            message = re.sub(rf"(?<!\w){re.escape(value)}(?!\w)", text.replace("\\", r"\\"), message)
        return message

    def validate(self, model: type[M]) -> M:
        """Return the model; raises InvalidRecipeError with every error of pydantic at its place in the text."""
        from recipe_runner.language.validation import validated  # noqa: PLC0415 - pydantic, for recipes that have YAML

        return validated(self, model)

    def faults(self, model: type[BaseModel]) -> list[Diagnostic]:
        """Return what is wrong before values are known: wrong values are forgiven where references stand."""
        from recipe_runner.language.validation import foreseen  # noqa: PLC0415 - as above

        return foreseen(self, model)


def _replaced(node: Node, data: object) -> Iterator[tuple[str, str]]:
    """Yield each value that differs from the text of its scalar, and that text."""
    match data:
        case dict():
            for name, value in data.items():
                if (child := node.child(name)) is not None:
                    yield from _replaced(child, value)
        case list():
            for index, value in enumerate(data):
                yield from _replaced(node.child(index) or node, value)
        case str() if data and node.text is not None and data != node.text:
            yield data, node.text
        case _:
            return


def _expanded(data: object, lookup: Lookup) -> object:
    match data:
        case str():
            value = expand_scalar(data, lookup)
            return value if isinstance(value, str) else list(value)
        case list():
            return [_expanded(item, lookup) for item in data]
        case dict():
            return {name: _expanded(value, lookup) for name, value in data.items()}
        case _:
            return data
