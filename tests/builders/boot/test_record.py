from __future__ import annotations

from pathlib import Path

import pytest

from builders.boot.record import BootRecord, find_record, record_path

RECORD = BootRecord(sha256="ab" * 32, firmware="bios", marker="login:", accelerator="tcg", seconds=27.5)


def test_a_kept_record_is_found(tmp_path: Path) -> None:
    """The same bytes under the same firmware with the same marker need no second boot."""
    RECORD.keep(tmp_path / "new")
    assert find_record(tmp_path / "new", RECORD.sha256, "bios", "login:") == RECORD


@pytest.mark.parametrize("marker", ["up", ""])
def test_another_question_is_not_answered(tmp_path: Path, marker: str) -> None:
    """Another firmware or marker is another test."""
    RECORD.keep(tmp_path)
    assert find_record(tmp_path, RECORD.sha256, "uefi", "login:") is None
    assert find_record(tmp_path, RECORD.sha256, "bios", marker) is None


def test_a_record_under_a_wrong_name_proves_nothing(tmp_path: Path) -> None:
    """A record counts for the bytes it names, not for those its file is named after."""
    RECORD.keep(tmp_path)
    other = record_path(tmp_path, "cd" * 32, "bios")
    RECORD.path(tmp_path).rename(other)
    assert find_record(tmp_path, "cd" * 32, "bios", "login:") is None


def test_a_damaged_record_proves_nothing(tmp_path: Path) -> None:
    """A file that is not a whole record is passed over."""
    RECORD.keep(tmp_path)
    RECORD.path(tmp_path).write_text("{")
    assert find_record(tmp_path, RECORD.sha256, "bios", "login:") is None
