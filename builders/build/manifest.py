"""The manifest: what is installed in an image; pure."""

from __future__ import annotations

import re


def manifest(status: str) -> str:
    """Return `name TAB version` lines, sorted, from the text of dpkg's status file."""
    lines = []
    for stanza in status.split("\n\n"):
        fields = dict(re.findall(r"^(Package|Version|Status): (.+)$", stanza, re.MULTILINE))
        if fields.get("Status") == "install ok installed":
            lines.append(f"{fields['Package']}\t{fields['Version']}\n")
    return "".join(sorted(lines))
