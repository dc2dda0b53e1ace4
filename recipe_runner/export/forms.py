"""The forms in which a run can be handed to other programs, by the names that `--to` takes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from recipe_runner.export.asciicast import asciicast
from recipe_runner.export.facts import as_json
from recipe_runner.export.subject import Subject
from recipe_runner.export.tables import evidence_csv, evidence_markdown, timeline_csv

TEXTS: Mapping[str, Callable[[Subject], Iterator[str]]] = {
    "asciicast": asciicast,
    "csv": evidence_csv,
    "json": as_json,
    "markdown": evidence_markdown,
    "timeline": timeline_csv,
}
"""Forms that are one text, which comes in pieces."""
RECORDING, ATTESTATION = "asciicast", "in-toto"
NAMES = (*TEXTS, ATTESTATION)
