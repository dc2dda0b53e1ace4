"""What a boot test came to, in the forms that programs read; pure."""

from __future__ import annotations

import json
from collections.abc import Sequence
from xml.etree import ElementTree as ET

from builders.boot.check import Outcome

MARKS = {"held": ("✓", "good"), "failed": ("✗", "bad"), "not made": ("–", "quiet")}


def rows(outcome: Outcome) -> list[list[str | tuple[str, str]]]:
    """Return one row an assertion for a table: a mark, the name, what was found, else what it asserts."""
    return [
        [MARKS[made.state], made.name, made.said if made.state != "held" and made.said else made.meaning]
        for made in outcome.assertions
    ]


def as_json(outcome: Outcome) -> str:
    """Return the result as one JSON object; `state` is `held`, `failed` or `not made`."""
    terms, subject = outcome.terms, outcome.subject
    facts = {
        "image": subject.image.name,
        "architecture": subject.architecture,
        "firmware": terms.firmware,
        "datasource": terms.datasource,
        "accelerator": terms.accelerator,
        "passed": outcome.passed,
        "seconds": round(outcome.seconds, 1),
        "console": str(outcome.log),
        "assertions": [
            {"name": made.name, "state": made.state, "meaning": made.meaning, "said": made.said}
            for made in outcome.assertions
        ],
    }
    return json.dumps(facts, indent=2) + "\n"


def as_junit(outcomes: Sequence[Outcome]) -> bytes:
    """Return the results as JUnit's XML: a suite a boot, a case an assertion; one that is not made is skipped."""
    root = ET.Element("testsuites", name="boot")
    for outcome in outcomes:
        terms, name = outcome.terms, outcome.subject.image.name
        states = [made.state for made in outcome.assertions]
        suite = ET.SubElement(
            root,
            "testsuite",
            name=f"{name} {terms.firmware} {terms.datasource}",
            tests=str(len(states)),
            failures=str(states.count("failed")),
            skipped=str(states.count("not made")),
            errors="0",
            time=f"{outcome.seconds:.1f}",
        )
        for made in outcome.assertions:
            case = ET.SubElement(
                suite, "testcase", classname=f"boot.{terms.firmware}.{terms.datasource}", name=made.name
            )
            if made.state == "failed":
                ET.SubElement(case, "failure", message=made.said or made.meaning).text = made.meaning
            elif made.state == "not made":
                ET.SubElement(case, "skipped", message=made.said)
        ET.SubElement(suite, "system-out").text = "\n".join(outcome.last_words)
    ET.indent(root)
    text: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return text + b"\n"
