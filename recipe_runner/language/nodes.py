"""YAML as a tree of nodes with positions."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct


class Node(Struct):
    """A scalar (`text`), a list (`items`) or a mapping (`entries`: key → key's node and value's node).

    Positions are rows and columns of the passage, from 0; the end is exclusive.
    """

    start: tuple[int, int]
    end: tuple[int, int]
    text: str | None = None
    items: list[Node] | None = None
    entries: dict[str, tuple[Node, Node]] | None = None
    flow: bool = False

    def data(self) -> object:
        """Return plain strings, lists and dicts."""
        if self.entries is not None:
            return {name: value.data() for name, (_, value) in self.entries.items()}
        if self.items is not None:
            return [item.data() for item in self.items]
        return self.text

    def scalars(self) -> Iterator[Node]:
        """Yield every scalar value below, in the order of the text; keys are not values."""
        if self.entries is not None:
            for _, value in self.entries.values():
                yield from value.scalars()
        elif self.items is not None:
            for item in self.items:
                yield from item.scalars()
        else:
            yield self

    def child(self, name: str | int) -> Node | None:
        """Return the node under a key or index, if there is one."""
        if self.entries is not None and isinstance(name, str) and name in self.entries:
            return self.entries[name][1]
        if self.items is not None and isinstance(name, int) and 0 <= name < len(self.items):
            return self.items[name]
        return None
