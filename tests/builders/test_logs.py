from __future__ import annotations

import os
from pathlib import Path

import pytest

from builders.boot.log import open_log
from builders.logs import NEWEST, prune


def test_the_newest_logs_stay(tmp_path: Path) -> None:
    """By their times, not their names; nothing but logs is removed."""
    for number, name in enumerate(("c.log", "a.log", "b.log", "d.txt")):
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (number, number))
    prune(tmp_path, 2)
    assert {path.name for path in tmp_path.iterdir()} == {"a.log", "b.log", "d.txt"}


def test_a_boot_prunes_the_consoles_of_those_before_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The console of the machine that starts is among those that stay."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    for _ in range(NEWEST + 3):
        with open_log(Path("x.img"), "bios") as log:
            last = Path(log.name)
    assert last.exists()
    assert len(list(last.parent.iterdir())) == NEWEST
