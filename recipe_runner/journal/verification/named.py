"""The files beside a journal that its records name, each with what it must be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from recipe_runner.engine.events import Recover
from recipe_runner.journal.records.lines import LineError
from recipe_runner.journal.store.recovery import SET_ASIDE


@dataclass(slots=True)
class Named:
    """`blobs` and `set_aside` map a sha256 to size and record, `receipts` a file's name to sha256, size and record."""

    blobs: dict[str, tuple[int, int]] = field(default_factory=dict)
    set_aside: dict[str, tuple[int, int]] = field(default_factory=dict)
    receipts: dict[str, tuple[str, int, int]] = field(default_factory=dict)

    def blob(self, entry: Mapping[str, Any], record: int) -> None:
        """Take in a blob; raises LineError for one that has been named with another size."""
        _once(self.blobs, entry["sha256"], entry["size"], record)

    def tail(self, event: Recover, record: int) -> None:
        """Take in what a recovery set aside; raises LineError where its name is not its sha256's."""
        if event.file != f"{SET_ASIDE}{event.sha256}":
            raise LineError("what was set aside is not named by its sha256")
        _once(self.set_aside, event.sha256, event.size, record)

    def receipt(self, entry: Mapping[str, Any], record: int) -> None:
        """Take in a witness's receipt; raises LineError for a file that has been named before."""
        file = entry["file"]
        if file in self.receipts:
            raise LineError(f"`{file}` is named twice")
        self.receipts[file] = (entry["sha256"], entry["size"], record)


def _once(files: dict[str, tuple[int, int]], sha256: str, size: int, record: int) -> None:
    known = files.setdefault(sha256, (size, record))
    if known[0] != size:
        raise LineError(f"`{sha256}` is named with two sizes")
