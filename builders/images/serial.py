"""Serials: the name of one dated build, and everything about it that must not depend on when it was really made."""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass
from datetime import UTC, date, datetime, time

from recipe_runner.errors import UsageError
from recipe_runner.sanitise import line

_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "recipe-runner:image")


@dataclass(frozen=True, slots=True, order=True)
class Serial:
    """`YYYYMMDD` or, for further builds of a day, `YYYYMMDD.N`; ordered as they were made."""

    day: date
    number: int = 0

    @classmethod
    def parse(cls, text: str) -> Serial:
        """Read a serial; raises UsageError."""
        found = re.fullmatch(r"(\d{4})(\d{2})(\d{2})(?:\.([1-9]\d*))?", text, re.ASCII)
        try:
            if found:
                return cls(date(int(found[1]), int(found[2]), int(found[3])), int(found[4] or 0))
        except ValueError:
            pass
        raise UsageError.because(f"serial `{line(text)}` is not a date", hint="write `YYYYMMDD` or `YYYYMMDD.N`")

    @classmethod
    def today(cls) -> Serial:
        """Return the first serial of this day in UTC."""
        return cls(datetime.now(UTC).date())

    def __str__(self) -> str:
        return f"{self.day:%Y%m%d}" + (f".{self.number}" if self.number else "")

    @property
    def next(self) -> Serial:
        """The following serial of the same day."""
        return Serial(self.day, self.number + 1)

    @property
    def epoch(self) -> int:
        """Midnight UTC of the day in seconds since 1970: what every time stamp in the image is clamped to."""
        return int(datetime.combine(self.day, time(), UTC).timestamp())


@dataclass(frozen=True, slots=True)
class Identity:
    """The identifiers of one build: the same serial of the same image gives the same ones everywhere."""

    codename: str
    architecture: str
    serial: Serial
    flavour: str = "server"

    def uuid(self, name: str) -> uuid.UUID:
        """Return the identifier of the part called `name`."""
        return uuid.uuid5(_NAMESPACE, f"{self.codename}/{self.flavour}/{self.architecture}/{self.serial}/{name}")
