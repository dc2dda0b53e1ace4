"""The faults of many files in the forms that people, editors, GitHub and code scanners read."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from urllib.parse import quote

from recipe_runner import __version__
from recipe_runner.console.diagnostics import show
from recipe_runner.console.terminal import Terminal
from recipe_runner.errors import Diagnostic
from recipe_runner.language.codes import Code
from recipe_runner.sanitise import line

UNCODED = "recipe"
"""What a fault without a code of its own, such as a file that cannot be read, is listed under."""


def as_text(terminal: Terminal, faults: Sequence[Diagnostic], files: int) -> None:
    """Print each fault with its source line, and how many there are."""
    for fault in faults:
        show(terminal, [fault])
        terminal.err.print()
    checked = f"{files} {'recipe' if files == 1 else 'recipes'} checked"
    if faults:
        count = f"{len(faults)} {'fault' if len(faults) == 1 else 'faults'}"
        terminal.err.print(f"{checked}, {count}", style="bold red")
    else:
        terminal.say(f"{checked}, no faults", "good")


def as_json(terminal: Terminal, faults: Sequence[Diagnostic], _files: int) -> None:
    """Print a list of objects with `code message path line column hint`."""
    terminal.raw(json.dumps([_fields(fault) for fault in faults], indent=2) + "\n")


def as_github(terminal: Terminal, faults: Sequence[Diagnostic], _files: int) -> None:
    """Print workflow commands of GitHub Actions (`::error file=…,line=…`), which become annotations."""
    for fault in faults:
        where = ""
        if fault.span:
            end = fault.span.column + fault.span.length
            where = f" file={_property(fault.span.path)},line={fault.span.line},col={fault.span.column},endColumn={end}"
            where += f",title={_property(fault.code or UNCODED)}"
        text = line(f"{fault.message}{f' (hint: {fault.hint})' if fault.hint else ''}")
        terminal.raw(f"::error{where}::{_data(text)}\n")


def as_sarif(terminal: Terminal, faults: Sequence[Diagnostic], _files: int) -> None:
    """Print SARIF 2.1.0 (OASIS), columns in Unicode code points."""
    rules = [_rule(code) for code in sorted({fault.code or UNCODED for fault in faults})]
    driver = {"name": "recipe-runner", "version": __version__, "rules": rules}
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [_result(fault) for fault in faults],
    }
    schema = "https://json.schemastore.org/sarif-2.1.0.json"
    terminal.raw(json.dumps({"$schema": schema, "version": "2.1.0", "runs": [run]}, indent=2) + "\n")


FORMS: dict[str, Callable[[Terminal, Sequence[Diagnostic], int], None]] = {
    "github": as_github,
    "json": as_json,
    "sarif": as_sarif,
    "text": as_text,
}


def _fields(fault: Diagnostic) -> dict[str, str | int | None]:
    span = fault.span
    return {
        "code": fault.code,
        "message": fault.message,
        "path": span.path if span else None,
        "line": span.line if span else None,
        "column": span.column if span else None,
        "length": span.length if span else None,
        "hint": fault.hint,
    }


def _rule(code: str) -> dict[str, object]:
    if code == UNCODED:
        return {"id": code}
    known = Code(code)
    return {
        "id": code,
        "shortDescription": {"text": known.heading},
        "fullDescription": {"text": known.explanation},
    }


def _result(fault: Diagnostic) -> dict[str, object]:
    text = f"{fault.message}{f'. Hint: {fault.hint}' if fault.hint else ''}"
    result: dict[str, object] = {
        "ruleId": fault.code or UNCODED,
        "level": "error",
        "message": {"text": text},
    }
    if fault.span:
        region = {
            "startLine": fault.span.line,
            "startColumn": fault.span.column,
            "endColumn": fault.span.column + fault.span.length,
        }
        location = {"artifactLocation": {"uri": quote(fault.span.path)}, "region": region}
        result["locations"] = [{"physicalLocation": location}]
    return result


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(line(text)).replace(":", "%3A").replace(",", "%2C")
