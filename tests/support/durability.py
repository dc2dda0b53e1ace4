"""What a machine that loses its power would still have: which files were synced, and when names were changed."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest


@dataclass
class Durability:
    """Notes each sync by inode, with the size then, each rename and each new directory."""

    synced: dict[int, int] = field(default_factory=dict)
    losses: list[str] = field(default_factory=list)
    renames: int = 0
    _unsettled: dict[int, str] = field(default_factory=dict)

    @classmethod
    def watched(cls, monkeypatch: pytest.MonkeyPatch) -> Durability:
        """Watch what this process does from here on."""
        seen = cls()
        for name in ("fsync", "fdatasync"):
            monkeypatch.setattr(os, name, seen._syncing(getattr(os, name)))
        for name in ("rename", "replace"):
            monkeypatch.setattr(os, name, seen._renaming(getattr(os, name)))
        monkeypatch.setattr(os, "mkdir", seen._making(os.mkdir))
        return seen

    def lost(self) -> list[str]:
        """Return what could be lost: names given to contents that were not synced, and names that were not."""
        return [*self.losses, *(f"the name of {name}" for name in self._unsettled.values())]

    def holds(self, path: Path) -> bool:
        """Say whether all that a file holds has been synced."""
        found = path.stat()
        return self.synced.get(found.st_ino) == found.st_size

    def _syncing(self, real: Any) -> Any:
        def sync(descriptor: int) -> None:
            real(descriptor)
            found = os.fstat(descriptor)
            self.synced[found.st_ino] = found.st_size
            self._unsettled.pop(found.st_ino, None)

        return sync

    def _making(self, real: Any) -> Any:
        def make(path: Any, *args: Any, **more: Any) -> None:
            real(path, *args, **more)
            self._unsettled[Path(path).parent.stat().st_ino] = str(path)

        return make

    def _renaming(self, real: Any) -> Any:
        def rename(source: Any, target: Any, **more: Any) -> None:
            path = Path(source)
            if path.stat().st_ino not in self.synced or (path.is_file() and not self.holds(path)):
                self.losses.append(f"the contents of {target}")
            real(source, target, **more)
            self.renames += 1
            self._unsettled[Path(target).parent.stat().st_ino] = str(target)

        return rename
