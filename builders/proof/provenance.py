"""Where an image comes from, as SLSA provenance v1 in an in-toto statement v1; pure.

Formats: https://slsa.dev/spec/v1.0/provenance and the in-toto attestation framework's `statement.md`. A build writes
two. The one over its files is a function of definition, serial and archive state, like the files themselves, and is
summed with them. The one over the list of checksums tells of the run: when, with which tools, and the log
(docs/decisions/0018).
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

STATEMENT = "https://in-toto.io/Statement/v1"
PREDICATE = "https://slsa.dev/provenance/v1"
BUILD_TYPE = "urn:recipe-runner:image-build:1"
BUILDER = "urn:recipe-runner:image-builder"


@dataclass(frozen=True, slots=True)
class Making:
    """What decided the bytes: the definition as data, its file's sha256, the serial, and the archive's indexes.

    `sources` has the sha256 (hex) of each suite's signed index, several joined by `+`; `version` is this program's.
    """

    definition: Mapping[str, object]
    definition_sha256: str
    serial: str
    epoch: int
    sources: Mapping[str, str]
    version: str


@dataclass(frozen=True, slots=True)
class Run:
    """What one run adds: its id, begin and end, versions of the tools by name, its log's name and sha256.

    `isolation` says how packages and hooks were run.
    """

    id: uuid.UUID
    began: datetime
    ended: datetime
    tools: Mapping[str, str]
    isolation: str
    log: tuple[str, str]


def format_provenance(making: Making, subjects: Mapping[str, str], run: Run | None = None) -> str:
    """Return the statement over files, sha256 (hex) by name; the same arguments give the same bytes."""
    details: dict[str, object] = {"builder": {"id": BUILDER, "version": _versions(making, run)}}
    if run:
        details["metadata"] = {
            "invocationId": run.id.urn,
            "startedOn": _time(run.began),
            "finishedOn": _time(run.ended),
        }
        details["byproducts"] = [_resource(*run.log)]
    statement = {
        "_type": STATEMENT,
        "subject": [_resource(name, subjects[name]) for name in sorted(subjects)],
        "predicateType": PREDICATE,
        "predicate": {
            "buildDefinition": {
                "buildType": BUILD_TYPE,
                "externalParameters": {"definition": making.definition, "serial": making.serial},
                "internalParameters": {
                    "SOURCE_DATE_EPOCH": making.epoch,
                    **({"isolation": run.isolation} if run else {}),
                },
                "resolvedDependencies": [
                    _resource("definition.toml", making.definition_sha256),
                    *(
                        _resource(f"dists/{suite}/InRelease", sha256)
                        for suite, joined in sorted(making.sources.items())
                        for sha256 in joined.split("+")
                    ),
                ],
            },
            "runDetails": details,
        },
    }
    return json.dumps(statement, indent=1, ensure_ascii=False) + "\n"


def _versions(making: Making, run: Run | None) -> dict[str, str]:
    return {"recipe-runner": making.version, **(run.tools if run else {})}


def _resource(name: str, sha256: str) -> dict[str, object]:
    return {"name": name, "digest": {"sha256": sha256}}


def _time(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"
