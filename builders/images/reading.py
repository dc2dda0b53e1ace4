"""Reading a definition file: laid over what it extends, taken apart by its matrix, each member checked whole."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pydantic import ValidationError

from builders.images.definition import Definition
from builders.images.faults import diagnostics
from builders.images.layers import Node, read_layers
from builders.images.matrix import expand
from recipe_runner.errors import Diagnostic, UsageError, gather
from recipe_runner.language.suggestions import suggest
from recipe_runner.sanitise import line


@dataclass(frozen=True, slots=True)
class Member:
    """One image of a definition file, and the tree that knows where its keys were written."""

    definition: Definition
    node: Node


def read_members(text: str, file: str) -> tuple[Member, ...]:
    """Return the images that a text defines; raises UsageError with every fault, each at its line and once."""
    members: list[Member] = []
    faults: list[Diagnostic] = []
    for node in expand(read_layers(text, file)):
        try:
            members.append(Member(Definition.model_validate(node.plain()), node))
        except ValidationError as error:
            faults += diagnostics(error, Definition, node)
    if faults:
        raise UsageError(*gather(dict.fromkeys(faults)))
    return tuple(members)


def parse_definition(text: str, file: str) -> Definition:
    """Return the only image of a text; raises UsageError for one that has several."""
    return only_one(read_members(text, file), file).definition


def only_one(members: Sequence[Member], file: str) -> Member:
    """Return the only member of `file`; raises UsageError where there are several."""
    if len(members) > 1:
        names = ", ".join(f"`{member.definition.member}`" for member in members)
        raise UsageError.because(f"`{line(file)}` defines {len(members)} images", hint=f"choose one of {names}")
    return members[0]


def choose(members: Iterable[Member], only: str) -> Member:
    """Return the member of this name; raises UsageError with the names there are."""
    known = {member.definition.member: member for member in members}
    if only not in known:
        raise UsageError.because(f"there is no member `{line(only)}`", hint=suggest(only, known, what="member"))
    return known[only]
