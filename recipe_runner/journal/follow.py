"""Reading along while a run is written, from another terminal."""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from recipe_runner.engine.events import Close
from recipe_runner.journal.files import open_regular, reading
from recipe_runner.journal.ledger import JOURNAL
from recipe_runner.journal.read import Record, records
from recipe_runner.journal.runner import runner

PAUSE = 0.2
"""Seconds between two looks at the journal."""


def follow(directory: Path) -> Iterator[Record]:
    """Yield the records there are and those that come, until the run is over or nobody runs it any more.

    Raises what `records` raises.
    """
    seen = 0
    size = -1
    while True:
        live = runner(directory) is not None
        now = _size(directory)
        if now != size:
            size = now
            for record in islice(records(directory), seen, None):
                seen += 1
                yield record
                if isinstance(record.event, Close):
                    return
        if not live:
            return
        time.sleep(PAUSE)


def _size(directory: Path) -> int:
    with reading(directory), open_regular(directory / JOURNAL) as file:
        return file.seek(0, 2)
