from __future__ import annotations

import tomllib
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from builders.distros.table import FAMILIES
from builders.images.schema import schema
from builders.images.writing import format_definition
from tests.support.karmic import EXAMPLES, definition

SCHEMA = schema(FAMILIES.names())
MINIMAL = 'distribution = "tiny"\ncodename = "x"\ntitle = "x"\ndisk.size = "1 GiB"\n'


def faults(text: str) -> list[str]:
    return [error.json_path for error in Draft202012Validator(SCHEMA).iter_errors(tomllib.loads(text))]


def test_it_is_a_schema() -> None:
    """The document is what its dialect allows."""
    Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("example", sorted(EXAMPLES.glob("*.toml")), ids=lambda path: path.name)
def test_every_example_fits(example: Any) -> None:
    """The definitions we show have no fault in an editor."""
    assert faults(example.read_text()) == []


def test_what_a_build_writes_down_fits() -> None:
    """A definition with all its defaults, sizes in bytes, is one too."""
    assert faults(format_definition(definition())) == []


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ('disc = "1 GiB"', "$"),
        ('architecture = "arm46"', "$.architecture"),
        ('outputs = ["iso"]', "$.outputs[0]"),
        ('disk.size = "1 GB"', "$.disk.size"),
        ("boot.argument = 1", "$.boot"),
        ('packages = ["a b"]', "$.packages[0]"),
        ("users = [{}]", "$.users[0]"),
        ('matrix.suite.x = { disc = "1" }', "$.matrix.suite.x"),
    ],
)
def test_mistakes_are_seen(text: str, place: str) -> None:
    """Misspelt keys, words that do not exist, missing keys of an element: each at its place."""
    key = text.split(" ", 1)[0]
    minimal = "".join(row + "\n" for row in MINIMAL.splitlines() if not row.startswith(f"{key} "))
    assert faults(minimal) == ([] if key != "disk.size" else ["$"])
    assert faults(f"{minimal}{text}\n") == [place]


def test_layers_need_not_be_whole() -> None:
    """What another layer or a member brings is not asked for; without those it is."""
    assert faults('extends = "base.toml"\ndrop = ["outputs"]\ndisk.label = "x"\n') == []
    assert faults('matrix.suites = ["x"]\n[matrix.suite.x]\ntitle = "X"\n') == []
    assert sorted(faults("disk.label = 'x'\n")) == ["$", "$", "$", "$.disk"]


def test_every_key_is_told() -> None:
    """Editors show a line for each key, in tables too."""
    tables = [SCHEMA, *SCHEMA["$defs"].values()]
    told = [(key, value) for table in tables for key, value in table.get("properties", {}).items()]
    silent = {key for key, value in told if "description" not in value and "$ref" not in value}
    assert silent == set()
