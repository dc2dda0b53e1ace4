"""What a machine says of itself over ssh: the questions are `facts.sh`, this reads the answers; pure."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Facts:
    """One machine's answers; sizes in bytes, `time` in Unix seconds. All texts are the guest's: untrusted."""

    cloud_status: str
    cloud_errors: tuple[str, ...]
    datasource: str
    failed_units: tuple[str, ...]
    root_size: int
    host_keys: tuple[str, ...]
    machine_id: str
    hostname: str
    passwordless: tuple[str, ...]
    time: float


def parse_facts(answer: str) -> Facts | None:
    """Read an answer; None where it is not whole, as after a connection that broke."""
    parts = _parts(answer)
    if "end" not in parts:
        return None
    cloud = _cloud(parts.get("cloud-init", ""))
    return Facts(
        cloud_status=str(cloud.get("status", "unknown")),
        cloud_errors=_texts(cloud.get("errors")),
        datasource=str(cloud.get("datasource", "")).lower(),
        failed_units=tuple(row.split()[0] for row in parts.get("units", "").splitlines() if row.split()),
        root_size=_number(parts.get("root", "")),
        host_keys=tuple(parts.get("host-keys", "").splitlines()),
        machine_id=parts.get("machine-id", "").strip(),
        hostname=parts.get("hostname", "").strip(),
        passwordless=tuple(parts.get("passwordless", "").split()),
        time=float(_number(parts.get("time", ""))),
    )


def _parts(answer: str) -> dict[str, str]:
    """Split at the lines `## name`."""
    words = re.split(r"^## ([a-z-]+)$\n?", answer, flags=re.MULTILINE)
    return dict(zip(words[1::2], words[2::2], strict=False))


def _cloud(text: str) -> Mapping[str, object]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _texts(value: object) -> tuple[str, ...]:
    return tuple(map(str, value)) if isinstance(value, list) else ()


def _number(text: str) -> int:
    found = re.findall(r"^\s*(\d{1,18})\s*$", text, re.MULTILINE | re.ASCII)
    return int(found[-1]) if found else 0
