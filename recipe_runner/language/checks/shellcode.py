"""The shell code of a recipe as bash, and where it is installed shellcheck, see it."""

from __future__ import annotations

from collections.abc import Iterator

from recipe_runner.errors import Diagnostic, gather
from recipe_runner.language.checks.bash_syntax import check_bash
from recipe_runner.language.checks.shellcheck import check_shellcheck
from recipe_runner.language.model import Recipe, Script


def check_shell(recipe: Recipe, *, shellcheck: str | None = None) -> tuple[Diagnostic, ...]:
    """Return bash's syntax errors, and for the sound scripts what the program `shellcheck` finds.

    Nothing is run but the parsers. Raises UnmetError where there is no bash.
    """
    scripts = [script for script in recipe.scripts() if script.language == "bash"]
    faults = list(check_bash(scripts))
    if shellcheck is not None:
        broken = {(fault.span.path, fault.span.line) for fault in faults if fault.span}
        sound = [script for script in scripts if not any(place in broken for place in _places(script))]
        faults += check_shellcheck(sound, shellcheck)
    return gather(faults)


def _places(script: Script) -> Iterator[tuple[str, int]]:
    first = script.first_line
    return ((script.span.path, number) for number in range(first, first + len(script.lines) + 1))
