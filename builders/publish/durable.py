"""Files that are replaced whole: a reader, or a machine that lost its power, sees the old one or the new one."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from builders.publish.tree import sync_directory
from recipe_runner.errors import RecipeError


def replace(path: Path, data: bytes, *, mode: int = 0o644) -> None:
    """Write `data` beside `path`, sync it and rename it into place; raises RecipeError naming the path."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, aside = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as stream:
                stream.write(data)
                stream.flush()
                os.fchmod(stream.fileno(), mode)
                os.fsync(stream.fileno())
            Path(aside).replace(path)
        except BaseException:
            Path(aside).unlink(missing_ok=True)
            raise
        sync_directory(path.parent)
    except OSError as fault:
        raise RecipeError.because(f"cannot write `{path}`: {fault.strerror}") from fault
