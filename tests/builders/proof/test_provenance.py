from __future__ import annotations

import hashlib
import json
from pathlib import Path

from builders.publish.sums import digest, parse_sums
from builders.publish.tree import SUMS, Names
from tests.support.karmic import SERIAL

NAMES = Names("karmic", "amd64")


def test_the_provenance_speaks_of_every_summed_file(karmic: Path) -> None:
    """Subjects are the files of the checksums, but for itself; what they were made from is named with digests."""
    statement = json.loads((karmic / NAMES.provenance).read_text())
    assert statement["_type"] == "https://in-toto.io/Statement/v1"
    assert statement["predicateType"] == "https://slsa.dev/provenance/v1"
    subjects = {subject["name"]: subject["digest"]["sha256"] for subject in statement["subject"]}
    sums = parse_sums((karmic / SUMS).read_bytes())
    del sums[NAMES.provenance]
    assert subjects == sums
    made = statement["predicate"]["buildDefinition"]
    assert made["externalParameters"]["serial"] == SERIAL
    assert made["externalParameters"]["definition"]["codename"] == "karmic"
    definition, index = made["resolvedDependencies"]
    assert definition["digest"]["sha256"] == digest(karmic / "definition.toml")
    assert index["name"] == "dists/karmic/InRelease"
    assert f"index.karmic={index['digest']['sha256']}" in (karmic / "build-info.txt").read_text()
    assert statement["predicate"]["runDetails"]["builder"]["id"]
    assert "metadata" not in statement["predicate"]["runDetails"]


def test_what_differs_from_run_to_run_is_apart(karmic: Path) -> None:
    """The run's own statement is over the checksums and has times, tools and the digest of the log."""
    statement = json.loads((karmic / NAMES.run).read_text())
    assert statement["subject"] == [{"name": SUMS, "digest": {"sha256": digest(karmic / SUMS)}}]
    details = statement["predicate"]["runDetails"]
    assert details["metadata"]["startedOn"] <= details["metadata"]["finishedOn"]
    assert details["builder"]["version"]["mke2fs"] >= "1.47.1"
    log = (karmic / NAMES.log).read_bytes()
    assert details["byproducts"] == [{"name": NAMES.log, "digest": {"sha256": hashlib.sha256(log).hexdigest()}}]
    assert b" mmdebstrap --mode=" in log
    mode = statement["predicate"]["buildDefinition"]["internalParameters"]["isolation"]
    assert log.startswith(f"isolation: {mode}: ".encode())
    assert not {NAMES.run, NAMES.log} & set(parse_sums((karmic / SUMS).read_bytes()))
