"""Files that a verb makes for its user: there whole or not at all, with the modes the user's umask gives."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from recipe_runner.durable import write_durably
from recipe_runner.errors import RecipeError, UsageError


def write_new(path: Path, data: bytes, *, hint: str) -> None:
    """Write a file that must not be there yet; raises UsageError with the hint where it is, RecipeError otherwise."""
    _write(path, [data], replace=False, hint=hint)


def write_over(path: Path, data: bytes) -> None:
    """Write a file, in one step in the place of what was there; raises RecipeError."""
    _write(path, [data], replace=True, hint="")


def write_pieces(path: Path, pieces: Iterable[str]) -> None:
    """Write a text of any length as `write_over` does, piece by piece; raises RecipeError and what `pieces` raises."""
    _write(path, (piece.encode("utf-8", "replace") for piece in pieces), replace=True, hint="")


def _write(path: Path, pieces: Iterable[bytes], *, replace: bool, hint: str) -> None:
    try:
        write_durably(path, pieces, mode=0o666 & ~_umask(), over=replace)
    except FileExistsError:
        raise UsageError.because(f"`{path}` is there already", hint=hint) from None
    except OSError as error:
        raise RecipeError.because(
            f"cannot write `{path}`: {(error.strerror or type(error).__name__).lower()}",
            hint="name a file in a directory that can be written to",
        ) from error


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
