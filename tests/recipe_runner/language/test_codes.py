from __future__ import annotations

import re
from pathlib import Path

from recipe_runner.language.codes import Code
from tests.recipe_runner.language.cases import FIXTURES, cases

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "diagnostics.md"
FAULT = re.compile(r"(?m)^(?:\S+:\d+:\d+ )?(R\d{3}) (?:.*\n)(?:  .*\n?)*")


def examples() -> dict[str, str]:
    """Return the first fault of each code among the fixture documents, as a person reads it."""
    found: dict[str, str] = {}
    for path in sorted((FIXTURES / "faults").glob("*.txt")):
        for case in cases(path):
            for match in FAULT.finditer(case.faults):
                found.setdefault(match[1], match[0].rstrip())
    return found


def section(code: Code, example: str | None) -> str:
    """Return what the reference page says about a code."""
    text = f"## {code}: {code.heading}\n\n{code.explanation}\n"
    return f"{text}\n```text\n{example}\n```\n" if example else text


def test_codes_are_unique_and_explained() -> None:
    """Each code is a number of its own with a heading and an explanation."""
    assert len({str(code) for code in Code}) == len(Code)
    for code in Code:
        assert re.fullmatch(r"R\d{3}", code)
        assert code.heading
        assert code.explanation.endswith(".")


def test_the_reference_page_has_every_code() -> None:
    """The page of diagnostics has a section for each code, in order, with its explanation and a true example."""
    found = examples()
    page = PAGE.read_text(encoding="utf-8")
    sections = [section(code, found.get(code)) for code in Code]
    assert page[page.index("## R001") :] == "\n".join(sections)


def test_every_code_is_seen_in_a_test() -> None:
    """There is a fixture document for each code, but those that need odd bytes, other tools or very much text."""
    elsewhere = {Code.NOT_UTF8, Code.NUL, Code.SHELLCHECK, Code.INCLUDE_MANY, Code.TOO_LONG}
    assert {str(code) for code in set(Code) - elsewhere} <= set(examples())
