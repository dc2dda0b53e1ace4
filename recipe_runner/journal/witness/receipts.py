"""Receipts of witnesses, kept in the directory `witnesses` beside the journal: `<records>-<kind><suffix>`.

They stand beside the chain, since one over the close cannot be inside it, and count only as far as they can be checked.
"""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterator
from pathlib import Path

from recipe_runner.journal.files import make_directory, open_regular, publish
from recipe_runner.journal.records.lines import RECEIPT
from recipe_runner.journal.witness.base import Receipt

DIRECTORY = "witnesses"
RECEIPT_CAP = 64 * 1024
COUNT_CAP = 1000


def keep(run: Path, receipt: Receipt, suffix: str) -> str:
    """Store a receipt durably under a new name and return that, relative to the run; raises OSError."""
    directory = run / DIRECTORY
    make_directory(directory)
    stem = f"{receipt.records}-{receipt.kind}"
    names = itertools.chain([f"{stem}{suffix}"], (f"{stem}-{n}{suffix}" for n in itertools.count(2)))
    name = next(name for name in names if not (directory / name).exists())
    publish(directory / name, receipt.data)
    return f"{DIRECTORY}/{name}"


def read(run: Path) -> Iterator[Receipt]:
    """Yield the receipts that are there, by number of records; what cannot be read or is too large is none."""
    with contextlib.suppress(OSError):
        there = [f"{DIRECTORY}/{entry.name}" for entry in (run / DIRECTORY).iterdir()]
        names = [name for path in there if (name := RECEIPT.match(path))]
        for name in sorted(names, key=lambda found: (int(found["records"]), found.string))[:COUNT_CAP]:
            with contextlib.suppress(OSError), open_regular(run / name.string) as file:
                data = file.read(RECEIPT_CAP + 1)
                if len(data) <= RECEIPT_CAP:
                    yield Receipt(name["kind"], int(name["records"]), data, name.string)
