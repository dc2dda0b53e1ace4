from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from builders.workshop import margin
from builders.workshop.margin import MARGIN, MEMORY, Margin


def test_a_part_of_what_is_free_is_to_stay_free(tmp_path: Path) -> None:
    """Of a large place it is a fixed size, of a small one a twentieth of what there is; at first nothing is short."""
    for place in (tmp_path, MEMORY):
        found = Margin.of(place)
        assert 0 < found.room <= MARGIN
        assert found.shortage() == ""


def test_bytes_and_files_can_be_short(tmp_path: Path) -> None:
    """Each is told by what is left of it."""
    found = Margin.of(tmp_path)
    assert f"left in `{tmp_path}`" in dataclasses.replace(found, room=1 << 60).shortage()
    assert f"more files possible in `{tmp_path}`" in dataclasses.replace(found, files=1 << 60).shortage()


def test_in_memory_there_is_no_more_room_than_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file system in memory may be larger than what the machine has left."""
    monkeypatch.setattr(margin, "available_memory", lambda: 20 << 10)
    assert Margin.of(MEMORY).room == 1 << 10
