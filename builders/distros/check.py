"""Reading a definition file whole: its own form first, then what its distribution family makes of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from builders.distros.table import distribution
from builders.images.definition import Definition, parse_definition, read_text
from builders.images.places import find
from recipe_runner.errors import Diagnostic, RecipeError, Span, UsageError, gather


def load_definition(path: Path) -> Definition:
    """Return a definition that its family can build; raises UsageError with every fault, each at its line."""
    text, file = read_text(path), str(path)
    definition = parse_definition(text, file)
    try:
        family = distribution(definition.distribution)
    except UsageError as fault:
        place = find(text, ("distribution",), file)
        raise UsageError(*(replace(d, span=place) for d in fault.diagnostics)) from fault
    faults = [
        Diagnostic(misfit.message, find(text, (misfit.key,), file), misfit.hint, "D005")
        for misfit in family.misfits(definition)
    ]
    if faults:
        raise UsageError(*gather(faults))
    return definition


def find_faults(paths: Iterable[Path]) -> tuple[Diagnostic, ...]:
    """Return every fault of many definition files, by file and line; one without a line stands at the first."""
    faults: list[Diagnostic] = []
    for path in paths:
        try:
            load_definition(path)
        except RecipeError as error:
            faults += (replace(fault, span=fault.span or Span(str(path), 1)) for fault in error.diagnostics)
    return gather(faults)
