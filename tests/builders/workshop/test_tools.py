from __future__ import annotations

from pathlib import Path

import pytest

from builders.workshop.tools import DISK_TOOLS, Room, Tool, missing, require
from recipe_runner.errors import UnmetError


def test_this_machine_can_build() -> None:
    """scripts/setup installs everything that the builder looks for."""
    assert missing(DISK_TOOLS) == []


def test_all_that_is_missing_is_told_at_once(tmp_path: Path) -> None:
    """Commands, files, libraries and space are told together, each with what to do."""
    tools = (
        Tool("no-such-tool", "a"),
        Tool("/no/such/file", "b", "file"),
        Tool("libnosuch.so.1", "c", "library"),
        Tool("sh", "dash"),
        Tool("libc.so.6", "libc6", "library"),
    )
    with pytest.raises(UnmetError) as caught:
        require(tools, [Room(tmp_path, 2**60), Room(tmp_path, 1)])
    assert [fault.hint for fault in caught.value.diagnostics] == [
        "apt install a",
        "apt install b",
        "apt install c",
        "make room or choose another place",
    ]
