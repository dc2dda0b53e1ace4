"""Where the console of a boot test is kept."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from builders.logs import prune
from builders.workshop.bench import cache_directory


@contextmanager
def open_log(image: Path, firmware: str) -> Iterator[BinaryIO]:
    """Give a new file for a console in the user's cache; it stays there until there are many newer ones."""
    directory = cache_directory() / "boot"
    directory.mkdir(parents=True, exist_ok=True)
    prefix = f"{image.stem}-{firmware}-"
    with tempfile.NamedTemporaryFile(prefix=prefix, suffix=".log", dir=directory, delete=False) as log:
        prune(directory)
        yield cast("BinaryIO", log)
