"""Entries of apt's source lists, in both of apt's forms: read from text, written as single lines.

Forms: sources.list(5). Pure: the caller reads the files.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from builders.deb822 import read_stanzas


@dataclass(frozen=True, slots=True)
class Source:
    """One binary archive: `deb [signed-by=…] uri suite component…`; an index too old is refused where it `expires`."""

    uri: str
    suite: str
    components: tuple[str, ...]
    signed_by: str | None = None
    trusted: bool = False
    expires: bool = True

    def __str__(self) -> str:
        options = [f"signed-by={self.signed_by}"] if self.signed_by else []
        options += ["trusted=yes"] if self.trusted else []
        options += [] if self.expires else ["check-valid-until=no"]
        brackets = f"[{' '.join(options)}] " if options else ""
        return f"deb {brackets}{self.uri} {self.suite} {' '.join(self.components)}".rstrip()


def parse_list(text: str) -> Iterator[Source]:
    """Read the one-line form (`*.list`); what is not a plain `deb` line is passed over."""
    for raw in text.splitlines():
        found = re.fullmatch(r"deb\s+(?:\[([^]]*)\]\s+)?(\S+)\s+(\S+)((?:\s+\S+)*)", raw.split("#")[0].strip())
        if found:
            options = dict(pair.split("=", 1) for pair in (found[1] or "").split() if "=" in pair)
            yield Source(found[2], found[3], tuple(found[4].split()), options.get("signed-by"))


def parse_deb822(text: str) -> Iterator[Source]:
    """Read the stanza form (`*.sources`); disabled and source-only stanzas are passed over."""
    for stanza in read_stanzas(text):
        fields = {name.lower(): value for name, value in stanza.items()}
        if "deb" not in fields.get("types", "").split() or fields.get("enabled", "yes").lower() in {"no", "false"}:
            continue
        signed = fields.get("signed-by", "").split()
        keyring = signed[0] if len(signed) == 1 and signed[0].startswith("/") else None
        for uri in fields.get("uris", "").split():
            for suite in fields.get("suites", "").split():
                yield Source(uri, suite, tuple(fields.get("components", "").split()), keyring)
