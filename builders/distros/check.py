"""Reading a definition file whole: its own form first, then what its distribution family makes of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from builders.distros.table import distribution
from builders.images.definition import Definition
from builders.images.faults import at
from builders.images.layers import read_text
from builders.images.reading import Draft, Member, choose, finished, only_one, read_drafts
from recipe_runner.errors import Diagnostic, RecipeError, Span, UsageError, gather


def load_definition(path: Path, only: str | None = None) -> Definition:
    """Return the one definition of a file, or its member called `only`; raises UsageError with every fault."""
    members = _read(path)
    return (choose(members, only) if only else only_one(members, str(path))).definition


def load_members(path: Path) -> tuple[Definition, ...]:
    """Return all definitions of a file that their families can build; raises UsageError with every fault."""
    return tuple(member.definition for member in _read(path))


def find_faults(paths: Iterable[Path]) -> tuple[Diagnostic, ...]:
    """Return every fault of many definition files, by file and line; one without a line stands at the first."""
    faults: list[Diagnostic] = []
    for path in paths:
        try:
            _read(path)
        except RecipeError as error:
            faults += (replace(fault, span=fault.span or Span(str(path), 1)) for fault in error.diagnostics)
    return gather(dict.fromkeys(faults))


def _read(path: Path) -> tuple[Member, ...]:
    drafts = read_drafts(read_text(path), str(path))
    return finished(drafts, (fault for draft in drafts for fault in _misfits(draft)))


def _misfits(draft: Draft) -> Iterable[Diagnostic]:
    """Give what the draft's family says of the keys that are sound alone."""
    if "distribution" in draft.unsound:
        return []
    try:
        family = distribution(draft.definition.distribution)
    except UsageError as fault:
        place = draft.node.span(("distribution",))
        return [replace(found, span=place) for found in fault.diagnostics]
    if "codename" in draft.unsound:  # what there is differs from release to release
        return []
    misfits = family.misfits(draft.definition)
    return [
        at(misfit, draft.node, code="D005") for misfit in misfits if not draft.unsound.intersection(misfit.path[:1])
    ]
