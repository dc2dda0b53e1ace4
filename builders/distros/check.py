"""Reading a definition file whole: its own form first, then what its distribution family makes of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from builders.distros.table import distribution
from builders.images.definition import Definition, parse_definition, read_text
from builders.images.places import find
from recipe_runner.errors import Diagnostic, UsageError, gather


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
