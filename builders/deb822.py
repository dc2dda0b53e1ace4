"""The paragraphs of Debian's control files, deb822(5): package lists, source lists, copyright files; pure."""

from __future__ import annotations

import re
from collections.abc import Iterator


def read_stanzas(text: str) -> Iterator[dict[str, str]]:
    """Read the paragraphs of a control file: fields by name, further lines joined to the first by line feeds."""
    for stanza in re.split(r"\n\s*\n", text):
        fields: dict[str, str] = {}
        name = ""
        for row in stanza.splitlines():
            if row[:1] in {" ", "\t"} and name:
                fields[name] += f"\n{row.strip()}"
            elif ":" in row and not row.startswith("#"):
                name, _, value = row.partition(":")
                fields[name] = value.strip()
        if fields:
            yield fields
