"""Files of publications, replaced whole; what goes wrong is told with the file's name."""

from __future__ import annotations

from pathlib import Path

from recipe_runner.durable import write_durably
from recipe_runner.errors import RecipeError


def replace(path: Path, data: bytes, *, mode: int = 0o644) -> None:
    """Write a file, the folders above it too, in the place of what was there; raises RecipeError naming the path."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_durably(path, [data], mode=mode)
    except OSError as fault:
        raise RecipeError.because(f"cannot write `{path}`: {fault.strerror}") from fault
