from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

from builders.boot.assertions import judge
from builders.boot.check import Outcome, Terms
from builders.boot.results import as_json, as_junit, rows
from builders.boot.subject import Subject
from tests.builders.boot.test_assertions import FACTS, SOUND

SUBJECT = Subject(Path("/x/karmic.img"), "qcow2", "amd64", "login:")
TERMS = Terms("bios", "tcg", "nocloud", 300)
FAILING = judge(replace(SOUND, facts=replace(FACTS, hostname="local\x00host")))
OUTCOME = Outcome(SUBJECT, TERMS, FAILING, 43.25, Path("/x/log"), ("edward login:",))


def test_json_says_all() -> None:
    """Each assertion is there with its state, what it means and what was found."""
    said = json.loads(as_json(OUTCOME))
    assert (said["image"], said["firmware"], said["datasource"], said["passed"]) == (
        "karmic.img",
        "bios",
        "nocloud",
        False,
    )
    (failed,) = [made for made in said["assertions"] if made["state"] == "failed"]
    assert failed["name"] == "hostname"
    assert "local" in failed["said"]


def test_junit_counts_failures_and_what_was_not_made() -> None:
    """A test reader sees one suite a boot, one case an assertion; a guest's bytes break no XML."""
    root = ET.fromstring(as_junit([OUTCOME, replace(OUTCOME, assertions=judge(SOUND))]))  # noqa: S314 - our own
    first, second = root.findall("testsuite")
    assert (first.get("tests"), first.get("failures"), first.get("skipped")) == (str(len(FAILING)), "1", "1")
    assert second.get("failures") == "0"
    (case,) = [case for case in first.findall("testcase") if case.find("failure") is not None]
    assert (case.get("classname"), case.get("name")) == ("boot.bios.nocloud", "hostname")
    assert first.findtext("system-out") == "edward login:"


def test_the_table_has_a_mark_for_each() -> None:
    """Ticks, crosses and dashes, with what was found where something did not hold."""
    marks = {str(row[1]): row[0][0] for row in rows(OUTCOME)}
    assert (marks["ssh"], marks["hostname"], marks["metadata"]) == ("✓", "✗", "–")
    assert OUTCOME.passed is False
