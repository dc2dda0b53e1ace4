"""From the bytes of a recipe to a `Recipe`."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Sequence
from pathlib import Path

from recipe_runner.errors import Diagnostic, InvalidRecipeError, UsageError, gather
from recipe_runner.language.codes import Code
from recipe_runner.language.includes import Assembly, Read
from recipe_runner.language.model import Recipe
from recipe_runner.language.steps import Steps
from recipe_runner.sanitise import line


def survey(
    path: str, data: bytes, *, read: Read | None = None, outward: bool = False
) -> tuple[Recipe, tuple[Diagnostic, ...]]:
    """Return the recipe as far as it can be understood, and every fault that stands in the way; never raises.

    `path` is shown in faults. `read` returns the bytes of an included file, given its path relative to where `path`
    is relative to; it raises OSError, or InvalidRecipeError where it refuses. Links that leave the recipe's directory
    reach it with `outward` only.
    """
    directory, name = posixpath.split(posixpath.normpath(path))
    assembly = Assembly(directory, read, outward)
    assembly.take(name, data)
    title = assembly.title or posixpath.splitext(posixpath.basename(path))[0]
    steps = Steps(title)
    recipe = Recipe(
        title=title,
        params=tuple(assembly.params.values()),
        requires=tuple(assembly.requires),
        steps=steps.build(assembly.elements),
        sources=tuple(assembly.sources),
    )
    return recipe, gather((*assembly.faults, *steps.faults))


def parse(path: str, data: bytes, *, read: Read | None = None, outward: bool = False) -> Recipe:
    """Return the recipe; raises InvalidRecipeError with all its faults. Arguments as for `survey`."""
    recipe, faults = survey(path, data, read=read, outward=outward)
    if faults:
        raise InvalidRecipeError(*faults)
    return recipe


def load(path: Path, allowed: Sequence[Path] = ()) -> Recipe:
    """Read a recipe and its includes from disk; raises UsageError, or InvalidRecipeError with all faults.

    `allowed` are directories, besides the recipe's own, from which it may include.
    """
    read = include_reader(path, allowed)
    return parse(path.as_posix(), read_file(path), read=read, outward=bool(allowed))


def read_file(path: Path) -> bytes:
    """Return the bytes of the recipe; raises UsageError saying why not."""
    try:
        return path.read_bytes()
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        raise UsageError.because(
            f"cannot read `{line(str(path))}`: {reason}", hint="give the path of a recipe, a Markdown file"
        ) from error


def include_reader(path: Path, allowed: Sequence[Path] = ()) -> Read:
    """Return the function that reads what `path` includes.

    A link, also by symlink, that leaves both its directory and those `allowed` is refused.
    """
    trees = [Path(os.path.realpath(directory)) for directory in (path.parent, *allowed)]

    def read(included: str) -> bytes:
        real = Path(os.path.realpath(included))
        if not any(real.is_relative_to(tree) for tree in trees):
            raise InvalidRecipeError(
                Diagnostic(
                    f"`{line(included)}` leads out of the directory of the recipe",
                    hint="move the included file beside the recipe or below it, or name its directory with --includes",
                    code=Code.INCLUDE_OUTSIDE,
                )
            )
        return real.read_bytes()

    return read
