"""Scripts that are run once: all of them at the first boot, or by each user at the first login; pure.

A script that has done its work leaves a mark; one that failed is run again next time, and its unit says so.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

from builders.customise.entry import Entry, link, text
from builders.distros.base import Init
from builders.images.definition import Definition

BOOT = "usr/lib/first-boot"
LOGIN = "usr/lib/first-login"
UNIT = "first-boot.service"


def once(definition: Definition, init: Init) -> Iterator[Entry]:
    """Give the scripts, and what starts them under this init."""
    if definition.first_boot:
        for number, script in enumerate(definition.first_boot):
            yield Entry(f"{BOOT}/scripts/{number:02}", script.content, 0o755)
        yield text(f"{BOOT}/run", _read("first-boot.sh"), 0o755)
        if init == "systemd":
            yield text(f"lib/systemd/system/{UNIT}", _read(UNIT))
            yield link(f"etc/systemd/system/multi-user.target.wants/{UNIT}", f"/lib/systemd/system/{UNIT}")
        else:
            for level in "2345":
                yield link(f"etc/rc{level}.d/S99first-boot", f"/{BOOT}/run")
    if definition.first_login:
        for number, script in enumerate(definition.first_login):
            yield Entry(f"{LOGIN}/scripts/{number:02}", script.content, 0o755)
        yield text("etc/profile.d/first-login.sh", _read("first-login.sh"))


def _read(name: str) -> str:
    return Path(str(files("builders.customise") / name)).read_text("utf-8")
