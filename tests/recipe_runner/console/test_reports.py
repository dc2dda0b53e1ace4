from __future__ import annotations

import json

import pytest

from recipe_runner.console import reports
from recipe_runner.console.terminal import Terminal
from recipe_runner.errors import Diagnostic, Span
from recipe_runner.language.codes import Code

FAULT = Diagnostic("found `x`, 100%", Span("a b/c:d.md", 3, 5, 2, "the xx line"), "write `y`", Code.ID_FORM)
PLACELESS = Diagnostic("no such thing")


def test_json_has_every_field(capsys: pytest.CaptureFixture[str]) -> None:
    """A fault without a place has nulls, so that a reader finds the same keys in each."""
    reports.as_json(Terminal(), [FAULT, PLACELESS], 1)
    first, second = json.loads(capsys.readouterr().out)
    assert first == {
        "code": "R041",
        "message": "found `x`, 100%",
        "path": "a b/c:d.md",
        "line": 3,
        "column": 5,
        "length": 2,
        "hint": "write `y`",
    }
    assert set(second) == set(first)
    assert second["path"] is None


def test_github_gets_one_escaped_command_for_each(capsys: pytest.CaptureFixture[str]) -> None:
    """Percent signs, colons and commas cannot end a property, line ends cannot begin a second command."""
    reports.as_github(Terminal(), [FAULT, Diagnostic("one\n::error::two")], 1)
    first, second = capsys.readouterr().out.splitlines()
    assert first == (
        "::error file=a b/c%3Ad.md,line=3,col=5,endColumn=7,title=R041::found `x`, 100%25 (hint: write `y`)"
    )
    assert second == "::error::one\\u{a}::error::two"


def test_sarif_explains_the_rules_it_uses(capsys: pytest.CaptureFixture[str]) -> None:
    """Version 2.1.0, a rule for each code with its explanation, places as percent-encoded addresses."""
    reports.as_sarif(Terminal(), [FAULT, PLACELESS], 1)
    document = json.loads(capsys.readouterr().out)
    (run,) = document["runs"]
    assert document["version"] == "2.1.0"
    assert run["columnKind"] == "unicodeCodePoints"
    rules = {rule["id"]: rule for rule in run["tool"]["driver"]["rules"]}
    assert rules["R041"]["shortDescription"]["text"] == Code.ID_FORM.heading
    assert {result["ruleId"] for result in run["results"]} == set(rules)
    place = run["results"][0]["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "a%20b/c%3Ad.md"
    assert place["region"] == {"startLine": 3, "startColumn": 5, "endColumn": 7}


def test_text_counts_in_words(capsys: pytest.CaptureFixture[str]) -> None:
    """Faults go to standard error with their number; none is good news on standard output."""
    reports.as_text(Terminal(), [FAULT, PLACELESS], 3)
    assert capsys.readouterr().err.splitlines()[-1] == "3 recipes checked, 2 faults"
    reports.as_text(Terminal(), [], 1)
    assert capsys.readouterr().out == "1 recipe checked, no faults\n"
