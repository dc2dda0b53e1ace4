from __future__ import annotations

from pathlib import Path

import pytest

from builders.boot.assertions import ASSERTIONS, State
from builders.boot.instance import Datasource
from builders.boot.machine import Firmware
from builders.boot.record import BootRecord, find_record, record_path

HELD: dict[str, State] = dict.fromkeys(ASSERTIONS, "held")
RECORD = BootRecord(
    sha256="ab" * 32,
    firmware="bios",
    datasource="nocloud",
    marker="login:",
    accelerator="tcg",
    seconds=27.5,
    assertions=HELD,
)


def find(
    directory: Path,
    sha256: str = RECORD.sha256,
    firmware: Firmware = "bios",
    datasource: Datasource = "nocloud",
    marker: str = "login:",
) -> BootRecord | None:
    return find_record(directory, sha256, firmware, datasource, marker)


def test_a_kept_record_is_found(tmp_path: Path) -> None:
    """The same bytes under the same firmware with the same marker need no second boot."""
    RECORD.keep(tmp_path / "new")
    assert find(tmp_path / "new") == RECORD


def test_another_question_is_not_answered(tmp_path: Path) -> None:
    """Another firmware, datasource or marker is another test."""
    RECORD.keep(tmp_path)
    assert find(tmp_path, firmware="uefi") is None
    assert find(tmp_path, datasource="ec2") is None
    assert find(tmp_path, marker="up") is None


@pytest.mark.parametrize("change", [{"ssh": None}, {"ssh": "failed"}, {"more": "held"}])
def test_a_record_of_other_assertions_proves_nothing(tmp_path: Path, change: dict[str, State | None]) -> None:
    """What lacks an assertion of today, has one that nobody knows, or one that failed, is no passed test of today."""
    states = {name: state for name, state in {**HELD, **change}.items() if state}
    RECORD.model_copy(update={"assertions": states}).keep(tmp_path)
    assert find(tmp_path) is None


def test_a_record_under_a_wrong_name_proves_nothing(tmp_path: Path) -> None:
    """A record counts for the bytes it names, not for those its file is named after."""
    RECORD.keep(tmp_path)
    RECORD.path(tmp_path).rename(record_path(tmp_path, "cd" * 32, "bios", "nocloud"))
    assert find(tmp_path, sha256="cd" * 32) is None


def test_a_damaged_record_proves_nothing(tmp_path: Path) -> None:
    """A file that is not a whole record is passed over."""
    RECORD.keep(tmp_path)
    RECORD.path(tmp_path).write_text("{")
    assert find(tmp_path) is None
