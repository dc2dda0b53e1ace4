"""Reading a definition file: laid over what it extends, taken apart by its matrix, each member checked whole."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pydantic import ValidationError

from builders.images.definition import Definition
from builders.images.faults import at, diagnostics
from builders.images.layers import Node, read_layers
from builders.images.matrix import expand
from builders.images.model import Misfit
from recipe_runner.errors import Diagnostic, UsageError, gather
from recipe_runner.language.suggestions import suggest
from recipe_runner.sanitise import line

_STAND_INS = {"distribution": "none", "codename": "none", "title": "none", "disk": {"size": "1 GiB"}}
"""Values of the keys that must be there, for what is asked of the others."""


class _Unchecked(Definition):
    """A definition whose keys are sound each for itself."""

    def misfits(self) -> Iterable[Misfit]:
        """Ask nothing."""
        return ()


@dataclass(frozen=True, slots=True)
class Member:
    """One image of a definition file, and the tree that knows where its keys were written."""

    definition: Definition
    node: Node


@dataclass(frozen=True, slots=True)
class Draft:
    """One image as it is written: its faults, and the definition, also where it has some.

    Keys of the top that are not sound are in `unsound`, and have other values in the definition.
    """

    node: Node
    definition: Definition
    faults: tuple[Diagnostic, ...] = ()
    unsound: frozenset[str | int] = frozenset()


def read_drafts(text: str, file: str) -> tuple[Draft, ...]:
    """Return the images that a text defines; raises UsageError where it cannot be taken apart."""
    return tuple(_draft(node) for node in expand(read_layers(text, file)))


def finished(drafts: Sequence[Draft], more: Iterable[Diagnostic] = ()) -> tuple[Member, ...]:
    """Return drafts as members; raises UsageError with all their faults and `more`."""
    faults = [*(fault for draft in drafts for fault in draft.faults), *more]
    if faults:
        raise UsageError(*gather(dict.fromkeys(faults)))
    return tuple(Member(draft.definition, draft.node) for draft in drafts)


def _draft(node: Node) -> Draft:
    written = node.plain()
    try:
        return Draft(node, Definition.model_validate(written))
    except ValidationError as error:
        faults = list(diagnostics(error, Definition, node))
        unsound = frozenset(found["loc"][0] for found in error.errors(include_url=False) if found["loc"])
    sound = {key: node.plain() for key, node in node.table.items() if key not in unsound}
    try:
        definition = _Unchecked.model_validate(_STAND_INS | sound)
    except ValidationError:  # a file that it names has gone since
        raise UsageError(*faults) from None
    if unsound and not unsound & {"disk", "disks"}:  # mount points of one disk may want those of another
        faults += (
            at(misfit, node) for misfit in Definition.misfits(definition) if not unsound.intersection(misfit.path[:1])
        )
    return Draft(node, definition, tuple(faults), unsound)


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
