from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from recipe_runner.actions.table import names
from recipe_runner.engine.preconditions.table import kinds
from tests.support.command import recipe


def references(part: object) -> Iterator[str]:
    if isinstance(part, dict):
        for key, value in part.items():
            if key == "$ref":
                yield value
            else:
                yield from references(value)
    elif isinstance(part, list):
        for item in part:
            yield from references(item)


def test_the_schema_covers_header_actions_and_preconditions() -> None:
    """One document with a definition for each, and no reference in it leads nowhere."""
    done = recipe("schema")
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert set(document["properties"]) == {"recipe", "title", "params", "requires"}
    definitions = {f"#/$defs/{name}" for name in document["$defs"]}
    assert {f"#/$defs/action:{name}" for name in names()} <= definitions
    assert {f"#/$defs/requires:{kind}" for kind in kinds()} <= definitions
    assert set(references(document)) <= definitions


@pytest.mark.parametrize("name", names())
def test_an_action_has_a_schema_of_its_own(name: str) -> None:
    """It holds the definitions it refers to and no others."""
    done = recipe("schema", "--action", name)
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert document["$ref"] == f"#/$defs/action:{name}"
    assert set(references(document)) == {f"#/$defs/{found}" for found in document["$defs"]}


def test_an_unknown_action_is_compared_with_those_there_are() -> None:
    """Exit code 2 and the nearest name."""
    done = recipe("schema", "--action", "http.chek")
    assert (done.returncode, done.stdout) == (2, "")
    assert "did you mean `http.check`?" in done.stderr
