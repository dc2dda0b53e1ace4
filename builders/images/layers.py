"""TOML texts as trees that know where each value was written, laid over each other: what `extends` and a matrix do.

The rule: tables are merged key by key, arrays are joined, the lower layer's elements first and each once; anything
else of the upper layer takes the place of the lower one's.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from builders.images.attachment import Written
from builders.images.places import find
from recipe_runner.errors import Diagnostic, Span, UsageError
from recipe_runner.sanitise import line

EXTENDS = "extends"
DROP = "drop"
Loc = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Source:
    """One file's text."""

    file: str
    text: str


@dataclass(frozen=True, slots=True)
class Node:
    """A value and where it was written: `value` is a mapping of nodes, a tuple of nodes, or a scalar."""

    value: object
    source: Source
    path: Loc

    @property
    def table(self) -> Mapping[str, Node]:
        """The nodes of a table by key; none of anything else."""
        return self.value if isinstance(self.value, dict) else {}

    @property
    def array(self) -> Sequence[Node]:
        """The nodes of an array; none of anything else."""
        return self.value if isinstance(self.value, tuple) else ()

    def plain(self) -> object:
        """Return the value without its places, but for texts, which know their file."""
        if isinstance(self.value, dict):
            return {key: node.plain() for key, node in self.value.items()}
        if isinstance(self.value, tuple):
            return [node.plain() for node in self.value]
        return Written.in_file(self.value, self.source.file) if isinstance(self.value, str) else self.value

    def without(self, *keys: str) -> Node:
        """Return a table without these keys."""
        return replace(self, value={key: node for key, node in self.table.items() if key not in keys})

    def span(self, loc: Loc) -> Span:
        """Return where the value at `loc` was written, or the innermost table around it."""
        node = self
        for depth, part in enumerate(loc):
            inner = _step(node, part)
            if inner is None:
                return find(node.source.text, (*node.path, *loc[depth:]), node.source.file)
            node = inner
        value = node.value if isinstance(node.value, str) else None
        return find(node.source.text, node.path, node.source.file, value)


def read_layers(text: str, file: str, below: tuple[Path, ...] = ()) -> Node:
    """Return the text laid over those it extends; raises UsageError with the place of what is wrong."""
    node = parse(text, file)
    reference = node.table.get(EXTENDS)
    if reference is None:
        if DROP in node.table:
            raise UsageError(_fault(node, (DROP,), "`drop` without `extends`", "remove it"))
        return node
    if not isinstance(reference.value, str) or not reference.value:
        raise UsageError(_fault(node, (EXTENDS,), "`extends` names no file", 'write `extends = "base.toml"`'))
    path = Path(file).parent / reference.value
    chain = (*below, Path(file).resolve())
    if path.resolve() in chain:
        names = " → ".join(f"`{line(part.name)}`" for part in (*chain, path.resolve()))
        raise UsageError(_fault(node, (EXTENDS,), f"the files extend each other in a circle: {names}", "cut it"))
    try:
        base = read_layers(read_text(path), str(path), chain)
    except UsageError as error:
        span = node.span((EXTENDS,))
        raise UsageError(
            *(
                replace(d, span=d.span or span, hint=d.hint or "name a file relative to this one")
                for d in error.diagnostics
            )
        ) from error
    return merge(_dropped(base, node), node.without(EXTENDS, DROP))


def merge(lower: Node, upper: Node) -> Node:
    """Lay one tree over another."""
    if isinstance(lower.value, dict) and isinstance(upper.value, dict):
        both = dict(lower.value)
        for key, node in upper.value.items():
            both[key] = merge(both[key], node) if key in both else node
        return replace(upper, value=both)
    if isinstance(lower.value, tuple) and isinstance(upper.value, tuple):
        known = [node.plain() for node in lower.value]
        return replace(upper, value=(*lower.value, *(node for node in upper.value if node.plain() not in known)))
    return upper


def parse(text: str, file: str) -> Node:
    """Read one text; raises UsageError at the place where it is not TOML."""
    try:
        table = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as fault:
        raise UsageError(_syntax(text, file, str(fault))) from fault
    return _node(table, Source(file, text), ())


def read_text(path: Path) -> str:
    """Return a definition file's text; raises UsageError when it cannot be read."""
    try:
        return path.read_text("utf-8")
    except (OSError, ValueError) as fault:
        if isinstance(fault, UnicodeDecodeError):
            raise UsageError.because(f"`{line(str(path))}` is not UTF-8 text", hint="save the file as UTF-8") from fault
        reason = fault.strerror if isinstance(fault, OSError) else "its name is no name"
        raise UsageError.because(f"cannot read `{line(str(path))}`: {reason}") from fault


def _node(value: object, source: Source, path: Loc) -> Node:
    if isinstance(value, dict):
        return Node({key: _node(inner, source, (*path, key)) for key, inner in value.items()}, source, path)
    if isinstance(value, list):
        return Node(tuple(_node(inner, source, (*path, n)) for n, inner in enumerate(value)), source, path)
    return Node(value, source, path)


def _step(node: Node, part: str | int) -> Node | None:
    if isinstance(part, str):
        return node.table.get(part)
    return node.array[part] if part < len(node.array) else None


def _dropped(base: Node, node: Node) -> Node:
    dropped = node.table.get(DROP)
    faults = []
    for number, wanted in enumerate(dropped.array if dropped else ()):
        keys = str(wanted.value).split(".")
        if _has(base, keys):
            base = _without(base, keys)
        else:
            faults.append(_fault(node, (DROP, number), f"there is no `{line(str(wanted.value))}` to drop", "remove it"))
    if dropped and not isinstance(dropped.value, tuple):
        faults.append(_fault(node, (DROP,), "`drop` is no array", 'write `drop = ["outputs"]`'))
    if faults:
        raise UsageError(*faults)
    return base


def _has(node: Node, keys: Sequence[str]) -> bool:
    inner = node.table.get(keys[0])
    return inner is not None and (len(keys) == 1 or _has(inner, keys[1:]))


def _without(node: Node, keys: Sequence[str]) -> Node:
    if len(keys) == 1:
        return node.without(keys[0])
    return replace(node, value={**node.table, keys[0]: _without(node.table[keys[0]], keys[1:])})


def _fault(node: Node, loc: Loc, message: str, hint: str) -> Diagnostic:
    return Diagnostic(message, node.span(loc), hint, "D007")


def _syntax(text: str, file: str, message: str) -> Diagnostic:
    lines = text.splitlines() or [""]
    found = re.search(r"\(at line (\d+), column (\d+)\)", message)
    number = min(int(found[1]), len(lines)) if found else len(lines)
    column = int(found[2]) if found else max(1, len(lines[-1]))
    what = message.split(" (at ", maxsplit=1)[0]
    return Diagnostic(
        f"not TOML: {line(what[:1].lower() + what[1:])}",
        Span(file, number, column, 1, lines[number - 1]),
        hint="see https://toml.io for the syntax",
        code="D001",
    )
