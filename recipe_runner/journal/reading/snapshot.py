"""A run held still: what is read of it twice, once to judge and once to tell, is the same."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from recipe_runner.claims import temporary
from recipe_runner.journal.files import open_regular, reading


@contextmanager
def snapshot(run: Path) -> Iterator[Path]:
    """Give a private copy of a run's directory for a while: its files copied, its directories linked to.

    The journal cannot change then between two readings; blobs are compared with their sums whenever they are read.
    Raises UsageError where a file cannot be read.
    """
    with temporary("read") as place, reading(run):
        copy = place / run.resolve().name
        copy.mkdir(mode=0o700)
        for entry in run.iterdir():
            if entry.is_symlink():
                (copy / entry.name).symlink_to(entry.readlink())
            elif entry.is_dir():
                (copy / entry.name).symlink_to(entry.absolute())
            elif entry.is_file():
                with open_regular(entry) as source, (copy / entry.name).open("xb") as target:
                    shutil.copyfileobj(source, target)
        yield copy
