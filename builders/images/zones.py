"""Time zones by name; the names are those of the tz database on this machine."""

from __future__ import annotations

import re
import zoneinfo

from recipe_runner.language.suggestions import suggest

ZONE = re.compile(r"[A-Za-z][A-Za-z0-9_+-]*(?:/[A-Za-z0-9_+-]+){0,2}", re.ASCII)


def known_zone(text: str) -> str:
    """Return the zone's name; raises ValueError for one that this machine does not know, where it knows any."""
    zones = zoneinfo.available_timezones()
    if not ZONE.fullmatch(text) or (zones and text not in zones):
        raise ValueError(f"wanted a time zone such as `Europe/Berlin`; {suggest(text, _near(text, zones))}")
    return text


def _near(text: str, zones: set[str]) -> set[str]:
    """Keep the list short enough to be told."""
    area = text.partition("/")[0].casefold()
    return {zone for zone in zones if zone.casefold().startswith(area)} or {"Etc/UTC", "Europe/Berlin"}
