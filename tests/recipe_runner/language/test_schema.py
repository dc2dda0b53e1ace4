from __future__ import annotations

import re
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from recipe_runner.language.declarations import Declaration
from recipe_runner.language.duration_field import Duration
from recipe_runner.language.schema import schema


class Disk(BaseModel):
    name: str
    size: int


class Publish(BaseModel):
    model_config = ConfigDict(extra="forbid")

    image: str
    mode: Literal["private", "public"] = "private"
    timeout: Duration | None = None
    count: int = 1
    disks: list[Disk] = []


class Command(BaseModel):
    command: str


SCHEMA = schema(actions={"ec2.publish": Publish}, preconditions={"command": Command})


def resolve(part: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in part:
        part = SCHEMA["$defs"][part["$ref"].removeprefix("#/$defs/")]
    return part


def references(part: Any) -> list[str]:
    if isinstance(part, list):
        return [name for item in part for name in references(item)]
    if isinstance(part, dict):
        own = [part["$ref"]] if isinstance(part.get("$ref"), str) else []
        return own + [name for item in part.values() for name in references(item)]
    return []


def test_the_header_with_every_key() -> None:
    """The document is the header: all its keys, no others, and what a parameter may say."""
    assert set(SCHEMA["properties"]) == {"recipe", "title", "params", "requires"}
    assert SCHEMA["additionalProperties"] is False
    assert SCHEMA["properties"]["recipe"]["const"] == 1
    declaration = resolve(SCHEMA["properties"]["params"]["additionalProperties"])
    assert set(declaration["properties"]) == set(Declaration.model_fields)
    assert re.fullmatch(SCHEMA["properties"]["params"]["propertyNames"]["pattern"], "my_name")


def test_actions_and_preconditions_have_definitions() -> None:
    """Each action and precondition is under a name of its own, and `requires` offers the latter."""
    assert set(resolve(SCHEMA["$defs"]["action:ec2.publish"])["properties"]) == set(Publish.model_fields)
    assert SCHEMA["properties"]["requires"]["items"] == {"anyOf": [{"$ref": "#/$defs/requires:command"}]}


def test_every_reference_leads_somewhere() -> None:
    """No definition is missing."""
    names = {name.removeprefix("#/$defs/") for name in references(SCHEMA)}
    assert names <= set(SCHEMA["$defs"])


def test_references_and_bare_scalars_are_accepted() -> None:
    """A number or a list may be a `${name}` in an action, and a text may be written as a bare number."""
    properties = resolve(SCHEMA["$defs"]["action:ec2.publish"])["properties"]
    assert properties["count"]["anyOf"][1]["pattern"] == r"^\$\{[^{}]+\}$"
    assert properties["disks"]["anyOf"][1]["pattern"] == r"^\$\{[^{}]+\}$"
    assert properties["image"]["type"] == ["string", "number", "boolean"]
