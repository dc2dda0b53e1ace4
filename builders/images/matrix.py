"""One definition file for many images: suites × architectures × flavours, each with settings of its own."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from pydantic import Field, ValidationError

from builders.images.definition import Architecture, Flavour
from builders.images.faults import diagnostics
from builders.images.layers import Node, merge
from builders.images.model import Misfit, Model
from builders.images.words import Word
from recipe_runner.errors import UsageError

MATRIX = "matrix"
AXES = {"suite": "codename", "architecture": "architecture", "flavour": "flavour"}
"""The axes and the keys of a definition that they set."""
_Cell = tuple[str | None, ...]


class Cell(Model):
    """Some or all words of one place in the matrix."""

    suite: Word | None = Field(None, description="one of the suites")
    architecture: Architecture | None = Field(None, description="one of the architectures")
    flavour: Flavour | None = Field(None, description="one of the flavours")

    @property
    def words(self) -> _Cell:
        """Its words by axis; None where it says nothing."""
        return (self.suite, self.architecture, self.flavour)

    def meets(self, cell: _Cell) -> bool:
        """Say whether all that is said here is so there."""
        return all(mine in {None, theirs} for mine, theirs in zip(self.words, cell, strict=True))


class Matrix(Model):
    """The table `matrix`: every combination of the axes but those excluded, and those included besides."""

    suites: tuple[Word, ...] = Field((), strict=False, description="values of `codename`")
    architectures: tuple[Architecture, ...] = Field((), strict=False, description="values of `architecture`")
    flavours: tuple[Flavour, ...] = Field((), strict=False, description="values of `flavour`")
    include: tuple[Cell, ...] = Field((), strict=False, description="further places: `{ suite = …, flavour = … }`")
    exclude: tuple[Cell, ...] = Field((), strict=False, description="places that are left out")
    suite: dict[Word, dict[str, Any]] = Field(default_factory=dict, description="`[matrix.suite.NAME]`: its own keys")
    architecture: dict[Architecture, dict[str, Any]] = Field(
        default_factory=dict, description="the same by architecture"
    )
    flavour: dict[Flavour, dict[str, Any]] = Field(default_factory=dict, description="the same by flavour")

    def cells(self) -> Iterator[_Cell]:
        """Give every place once; None on an axis that is not named stands for what the definition says."""
        axes: list[Iterable[str | None]] = [
            axis or (None,) for axis in (self.suites, self.architectures, self.flavours)
        ]
        crossed = [cell for cell in itertools.product(*axes) if not any(out.meets(cell) for out in self.exclude)]
        yield from dict.fromkeys([*crossed, *(cell.words for cell in self.include)])

    def misfits(self) -> Iterable[Misfit]:
        """Refuse to leave out what is not there, and to set what is not used."""
        everything = list(
            itertools.product(*(axis or (None,) for axis in (self.suites, self.architectures, self.flavours)))
        )
        for number, out in enumerate(self.exclude):
            if not any(out.meets(cell) for cell in everything):
                yield Misfit(("exclude", number), "this leaves out nothing", "name words of the axes")
        cells = list(self.cells())
        if not cells:
            yield Misfit(("exclude",), "everything is left out", "leave something")
        tables: tuple[tuple[str, Iterable[str]], ...] = (
            ("suite", self.suite),
            ("architecture", self.architecture),
            ("flavour", self.flavour),
        )
        for place, (axis, words) in enumerate(tables):
            for word in words:
                if word not in {cell[place] for cell in cells}:
                    yield Misfit((axis, word), f"no member has the {axis} `{word}`", f"add it to `{axis}s`")


def expand(node: Node) -> tuple[Node, ...]:
    """Return the tree of each member, in the matrix's order; a tree without a matrix is its only member."""
    table = node.table.get(MATRIX)
    if table is None:
        return (node,)
    try:
        matrix = Matrix.model_validate(table.plain())
    except ValidationError as error:
        raise UsageError(*diagnostics(error, Matrix, table)) from error
    return tuple(_member(node.without(MATRIX), table, cell) for cell in matrix.cells())


def _member(node: Node, table: Node, cell: _Cell) -> Node:
    for (axis, key), word in zip(AXES.items(), cell, strict=True):
        if word is None:
            continue
        settings: Mapping[str, Node] = table.table[axis].table if axis in table.table else {}
        if word in settings:
            node = merge(node, settings[word])
        written = table.table.get(f"{axis}s", table)
        node = replace(node, value={**node.table, key: Node(word, written.source, written.path)})
    return node
