"""When a recipe may run: hours of the day, days of the week, not before a date."""

from __future__ import annotations

import datetime as dt
import re
from typing import Annotated, ClassVar
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, Field
from typing_extensions import override

from recipe_runner.engine.preconditions.base import Finding, Precondition, World

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_WINDOW = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])\s*-\s*(?:([01][0-9]|2[0-3]):([0-5][0-9])|24:00)")


def _window(text: str) -> str:
    if _WINDOW.fullmatch(text):
        return text
    raise ValueError(f"found `{text}`, wanted two times such as `09:00-17:00`")


def _weekdays(value: object) -> object:
    words = value.split(",") if isinstance(value, str) else value
    return tuple(_weekday(word) for word in words) if isinstance(words, list | tuple) else value


def _weekday(word: object) -> object:
    text = str(word).strip().lower()
    for day in DAYS:
        if text in {day, day[:3]}:
            return day
    raise ValueError(f"found `{word}`, wanted `mon` … `sun`")


def _moment(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        return dt.datetime.fromisoformat(value)
    except ValueError:
        raise ValueError(f"found `{value}`, wanted a date and time such as `2009-07-23T12:00`") from None


def _zone(name: str) -> str:
    try:
        time_zone(name)
    except (OSError, ValueError, KeyError):
        raise ValueError(f"found `{name}`, wanted a time zone of this machine such as `Europe/Berlin`") from None
    return name


def time_zone(name: str) -> dt.tzinfo:
    """Return the time zone of this name; `UTC` needs no time zone data on the machine."""
    return dt.UTC if name == "UTC" else ZoneInfo(name)


class Time(Precondition):
    """It is the right time to run."""

    kind: ClassVar[str] = "time"
    summary: ClassVar[str] = "it is the right hour, weekday or date"

    time: Annotated[str, AfterValidator(_window)] = Field(description="from-to; `00:00-24:00` is the whole day")
    weekday: Annotated[tuple[str, ...], BeforeValidator(_weekdays)] = Field((), description="days; none means any")
    not_before: Annotated[dt.datetime, BeforeValidator(_moment)] | None = Field(None, description="ISO 8601")
    zone: Annotated[str, AfterValidator(_zone)] = Field("UTC", description="IANA time zone of all the above")

    @override
    def text(self) -> str:
        days = f" on {', '.join(day.capitalize() for day in self.weekday)}" if self.weekday else ""
        after = f" not before {start:%Y-%m-%d %H:%M}" if (start := self._start()) else ""
        return f"time {self.time}{days}{after} {self.zone}"

    @override
    def evaluate(self, world: World) -> Finding:
        now = world.clock().astimezone(time_zone(self.zone))
        start = self._start()
        met = (
            self._open(now.time())
            and (not self.weekday or DAYS[now.weekday()] in self.weekday)
            and (start is None or now >= start)
        )
        return Finding(
            met=met,
            detail=f"it is {DAYS[now.weekday()].capitalize()} {now:%Y-%m-%d %H:%M} {self.zone}",
            hint=None if met else "wait until then and run it again",
        )

    def _start(self) -> dt.datetime | None:
        """Return the earliest moment in the zone; a moment without an offset is one of that zone."""
        place = time_zone(self.zone)
        if self.not_before is None or self.not_before.tzinfo is None:
            return self.not_before and self.not_before.replace(tzinfo=place)
        return self.not_before.astimezone(place)

    def _open(self, now: dt.time) -> bool:
        """Tell whether the time lies in the window, its start included, its end not; it may reach over midnight."""
        first, last = (part.strip() for part in self.time.split("-"))
        start = dt.time.fromisoformat(first)
        if last == "24:00":
            return start <= now
        end = dt.time.fromisoformat(last)
        return start <= now < end if start < end else now >= start or now < end
