"""Records of passed boot tests, so that the same bytes need not be booted twice."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from builders.boot.accelerator import Accelerator
from builders.boot.assertions import ASSERTIONS, State
from builders.boot.check import Outcome
from builders.boot.instance import Datasource
from builders.boot.machine import Firmware
from builders.publish.durable import replace


class BootRecord(BaseModel):
    """One passed boot test; `assertions` says of each by name whether it held or was not made."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    sha256: str
    firmware: Firmware
    datasource: Datasource
    marker: str
    accelerator: Accelerator
    seconds: float
    assertions: dict[str, State]

    def path(self, directory: Path) -> Path:
        """Return the record's place: known by the image's content, never by its name."""
        return record_path(directory, self.sha256, self.firmware, self.datasource)

    def keep(self, directory: Path) -> None:
        """Write the record whole; raises RecipeError."""
        replace(self.path(directory), f"{self.model_dump_json(indent=2)}\n".encode())

    def answers(self, sha256: str, firmware: Firmware, datasource: Datasource, marker: str) -> bool:
        """Say whether this is the question it answers, about every assertion that is made today."""
        asked = (sha256, firmware, datasource, marker, set(ASSERTIONS))
        mine = (self.sha256, self.firmware, self.datasource, self.marker, set(self.assertions))
        return mine == asked and "failed" not in self.assertions.values()


def record_path(directory: Path, sha256: str, firmware: Firmware, datasource: Datasource) -> Path:
    """Return where the record of these bytes under this firmware is kept."""
    return directory / f"{sha256}-{firmware}-{datasource}.json"


def find_record(
    directory: Path, sha256: str, firmware: Firmware, datasource: Datasource, marker: str
) -> BootRecord | None:
    """Return the record of a passed test of these bytes; anything unreadable or of another question does not count."""
    try:
        text = record_path(directory, sha256, firmware, datasource).read_bytes()
        record = BootRecord.model_validate_json(text)
    except (OSError, ValidationError):
        return None
    return record if record.answers(sha256, firmware, datasource, marker) else None


def record_of(outcome: Outcome, sha256: str) -> BootRecord:
    """Return what is to be remembered of a passed test of these bytes."""
    terms = outcome.terms
    return BootRecord(
        sha256=sha256,
        firmware=terms.firmware,
        datasource=terms.datasource,
        marker=outcome.subject.marker,
        accelerator=terms.accelerator,
        seconds=round(outcome.seconds, 1),
        assertions={made.name: made.state for made in outcome.assertions},
    )
