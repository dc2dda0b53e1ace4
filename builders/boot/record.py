"""Records of passed boot tests, so that the same bytes need not be booted twice."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from builders.boot.accelerator import Accelerator
from builders.boot.machine import Firmware
from builders.publish.durable import replace


class BootRecord(BaseModel):
    """One passed boot test."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    sha256: str
    firmware: Firmware
    marker: str
    accelerator: Accelerator
    seconds: float

    def path(self, directory: Path) -> Path:
        """Return the record's place: known by the image's content, never by its name."""
        return record_path(directory, self.sha256, self.firmware)

    def keep(self, directory: Path) -> None:
        """Write the record whole; raises RecipeError."""
        replace(self.path(directory), f"{self.model_dump_json(indent=2)}\n".encode())


def record_path(directory: Path, sha256: str, firmware: Firmware) -> Path:
    """Return where the record of these bytes under this firmware is kept."""
    return directory / f"{sha256}-{firmware}.json"


def find_record(directory: Path, sha256: str, firmware: Firmware, marker: str) -> BootRecord | None:
    """Return the record of a passed test of these bytes; anything unreadable or of another marker does not count."""
    try:
        record = BootRecord.model_validate_json(record_path(directory, sha256, firmware).read_bytes())
    except (OSError, ValidationError):
        return None
    same = (record.sha256, record.firmware, record.marker) == (sha256, firmware, marker)
    return record if same else None
