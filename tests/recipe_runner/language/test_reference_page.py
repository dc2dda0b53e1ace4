from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest

from recipe_runner.language.attribute_rules import FLAGS, PAIRS, ROLES, SCRIPT_PAIRS
from recipe_runner.language.composition import DEEPEST
from recipe_runner.language.declarations import Declaration, Header
from recipe_runner.language.includes import MOST
from recipe_runner.language.parameter_types import PARAMETER_TYPES
from recipe_runner.language.parameters import TypeName
from recipe_runner.language.parse import parse
from recipe_runner.language.steps import LANGUAGES

PAGE = (Path(__file__).parents[3] / "docs" / "reference" / "recipe-format.md").read_text(encoding="utf-8")
LINKS = re.compile(r"\[([^\]]*)\]\([^)]*\)")
ROWS = [line.split("|")[1] for line in PAGE.splitlines() if line.startswith("|")]
WORDS = {word.split("=")[0] for row in ROWS for word in re.findall(r"`([^`]+)`", row)}


@pytest.mark.parametrize(
    "words",
    [
        set(Header.model_fields),
        set(Declaration.model_fields),
        set(PARAMETER_TYPES),
        set(PAIRS),
        {f".{name}" for name in (*FLAGS, *ROLES)},
    ],
    ids=["header", "parameter", "types", "attributes", "flags"],
)
def test_every_word_has_a_row(words: set[str]) -> None:
    """Every key, type, attribute and flag has a row in a table of the reference page."""
    assert words - WORDS == set()


def test_no_row_is_about_nothing() -> None:
    """What the tables name exists."""
    known = {
        *Header.model_fields,
        *Declaration.model_fields,
        *PARAMETER_TYPES,
        *PAIRS,
        *(f".{n}" for n in (*FLAGS, *ROLES)),
    }
    assert {word for word in WORDS if re.fullmatch(r"\.?[a-z-]+", word)} <= known | {"name"}


def test_types_are_one_set() -> None:
    """The names a header may write and the table of types agree."""
    assert set(get_args(TypeName)) == set(PARAMETER_TYPES)


def test_meanings_are_the_codes() -> None:
    """The page explains an attribute in the words of the table the program uses."""
    for name, rule in {**PAIRS, **FLAGS}.items():
        row = next(line for line in LINKS.sub(r"\1", PAGE).splitlines() if re.match(rf"\| `\.?{name}[=`]", line))
        assert rule.meaning.split(";")[0] in row


def test_limits_and_languages_are_named() -> None:
    """Languages, limits and the attributes of scripts are on the page."""
    assert all(f"`{language}`" in PAGE for language in LANGUAGES)
    assert f"at most {MOST} files" in PAGE
    assert f"to a depth of {DEEPEST}" in PAGE
    assert all(f"`{name}" in PAGE for name in SCRIPT_PAIRS)


def test_the_first_example_is_a_recipe() -> None:
    """The recipe at the top of the page parses, with a step of each kind."""
    example = PAGE.split("````markdown\n", 1)[1].split("````", 1)[0]
    assert [step.kind for step in parse("example.md", example.encode()).steps] == ["manual", "block", "action"]
