"""The host of a step: a name that ssh takes for a host and for nothing else."""

from __future__ import annotations

import re

from recipe_runner.errors import Diagnostic, InvalidRecipeError
from recipe_runner.language.model import StepBase
from recipe_runner.language.template import Lookup, expand, references
from recipe_runner.sanitise import line

HOST = re.compile(r"[A-Za-z0-9_\[][A-Za-z0-9_.:@%/\[\]+-]*")
"""A name of ssh_config(5), `user@name`, or `ssh://user@name:port`; never an option."""


def awaits_host(step: StepBase) -> bool:
    """Say whether the step's host can be known only when earlier steps have run."""
    return any("." in reference.name for reference in references(step.attributes.on or ""))


def host_of(step: StepBase, lookup: Lookup) -> str:
    """Return the host that a step's `on=` names.

    Raises InvalidRecipeError for a text that is not one host, and for an output that no step has given.
    """
    place = step.attributes.places.get("on", step.span)
    try:
        host = expand(step.attributes.on or "", lookup)
    except KeyError as error:
        missing = f"step `{step.id}` runs on `{error.args[0]}`, which no earlier step has given"
        raise InvalidRecipeError(Diagnostic(missing, place, "run the step that gives it first")) from error
    if not HOST.fullmatch(host):
        hint = "for several hosts, write `each=` and the list's name, and `on=${each}`" if "," in host else None
        raise InvalidRecipeError(Diagnostic(f"`on`: found `{line(host)}`, wanted the name of one host", place, hint))
    return host
