"""Reading along while a run is written, from another terminal."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

from recipe_runner.engine.events import Close
from recipe_runner.journal.files import open_regular, reading
from recipe_runner.journal.ledger import JOURNAL
from recipe_runner.journal.reading.read import Record, next_record, no_beginning
from recipe_runner.journal.store.runner import runner

PAUSE = 0.2
"""Seconds between two looks at the journal."""


def follow(directory: Path) -> Iterator[Record]:
    """Yield the records there are and those that come, until the run is over or nobody runs it any more.

    Each line is read once. What a resumption sets aside (it was acted upon by nobody) has been shown by then; reading
    goes on behind what is left. Raises what `records` raises.
    """
    with reading(directory), open_regular(directory / JOURNAL) as file:
        number = 0
        while True:
            live = runner(directory) is not None
            if os.fstat(file.fileno()).st_size < file.tell():
                file.seek(0)
                number = sum(1 for _ in iter(lambda: next_record(file, 0), None))
            while (record := next_record(file, number)) is not None:
                number += 1
                yield record
                if isinstance(record.event, Close):
                    return
            if not live and not number:
                raise no_beginning()
            if not live:
                return
            time.sleep(PAUSE)
