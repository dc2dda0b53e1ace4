"""Files that a verb makes for its user: there whole or not at all, with the modes the user's umask gives."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable
from pathlib import Path

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
    temporary: Path | None = None
    try:
        descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        temporary = Path(name)
        with os.fdopen(descriptor, "wb") as file:
            file.writelines(pieces)
            file.flush()
            os.fchmod(file.fileno(), 0o666 & ~_umask())
            os.fsync(file.fileno())
        if replace:
            temporary.replace(path)
        else:
            path.hardlink_to(temporary)
        _sync(path.parent)
    except FileExistsError:
        raise UsageError.because(f"`{path}` is there already", hint=hint) from None
    except OSError as error:
        raise RecipeError.because(
            f"cannot write `{path}`: {(error.strerror or type(error).__name__).lower()}",
            hint="name a file in a directory that can be written to",
        ) from error
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def _sync(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
