"""Everything that can be known about a recipe before it is run: what `recipe check` reports."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from recipe_runner.errors import Diagnostic, gather
from recipe_runner.language.checks.shellcode import check_shell
from recipe_runner.language.checks.static import Models, check
from recipe_runner.language.codes import Code
from recipe_runner.language.model import Recipe
from recipe_runner.language.parse import include_reader, read_file, survey

HEADER_LOST = frozenset(
    {Code.YAML_SYNTAX, Code.YAML_FEATURE, Code.YAML_DEPTH, Code.YAML_DUPLICATE, Code.HEADER_UNCLOSED}
)
"""After these nobody knows which parameters there are."""
UNCERTAIN = frozenset({Code.UNUSED, Code.OUTPUT_UNKNOWN})
"""What a step that could not be read may have used or made."""


def inspect(
    path: Path,
    *,
    actions: Models,
    preconditions: Models,
    shellcheck: str | None = None,
    allowed: Sequence[Path] = (),
) -> tuple[Recipe, tuple[Diagnostic, ...]]:
    """Return the recipe as far as it can be understood and all its faults, each reported once, in order.

    Faults that would only follow from another one are left out. Raises UsageError for a file that cannot be read.
    """
    read = include_reader(path, allowed)
    recipe, faults = survey(path.as_posix(), read_file(path), read=read, outward=bool(allowed))
    silenced: frozenset[str] = UNCERTAIN if faults else frozenset()
    if not recipe.params and any(fault.code in HEADER_LOST for fault in faults):
        silenced |= {Code.UNDECLARED}
    more = (*check(recipe, actions=actions, preconditions=preconditions), *check_shell(recipe, shellcheck=shellcheck))
    seen = {(fault.span, fault.code) for fault in faults}
    return recipe, gather(
        (
            *faults,
            *(fault for fault in more if fault.code not in silenced and (fault.span, fault.code) not in seen),
        )
    )
