"""JSON Schema of definition files, for editors; pure. `recipe image check` knows more than a schema can say."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pydantic.json_schema import models_json_schema

from builders.images.definition import Definition
from builders.images.layers import DROP, EXTENDS
from builders.images.matrix import AXES, MATRIX, Matrix
from recipe_runner.language.schema import DIALECT

SETTINGS = "Settings"
"""The definition under `$defs` that a member of a matrix may have: any keys, none of them needed."""


def schema(families: Iterable[str]) -> dict[str, Any]:
    """Return the schema of a file whose `distribution` is one of the families.

    What a definition must have is asked only of a file that neither extends another nor has a matrix: there it may
    stand elsewhere.
    """
    _, top = models_json_schema([(Definition, "validation"), (Matrix, "validation")])
    definitions: dict[str, Any] = top["$defs"]
    whole, matrix = definitions.pop(Definition.__name__), definitions[Matrix.__name__]
    properties = whole["properties"]
    properties["distribution"]["enum"] = sorted(families)
    needed: dict[str, Any] = {"required": whole.pop("required"), "properties": {}}
    for key, value in properties.items():
        table = definitions.get(value.get("$ref", "").rpartition("/")[2], {})
        if "required" in table:
            needed["properties"][key] = {"required": table.pop("required")}
    definitions[SETTINGS] = {"type": "object", "additionalProperties": False, "properties": properties}
    for axis in AXES:
        told = matrix["properties"][axis]["description"]
        settings = {"$ref": f"#/$defs/{SETTINGS}"}
        matrix["properties"][axis] = {"type": "object", "description": told, "additionalProperties": settings}
    layers = {
        EXTENDS: {"type": "string", "description": "a definition that this one is laid over, relative to this file"},
        DROP: {"type": "array", "items": {"type": "string"}, "description": "keys of that one which are left out"},
        MATRIX: {"$ref": f"#/$defs/{Matrix.__name__}", "description": "one file for many images"},
    }
    elsewhere = {"anyOf": [{"required": [EXTENDS]}, {"required": [MATRIX]}]}
    whole["properties"] = {**layers, **properties}
    return {"$schema": DIALECT, **whole, "if": elsewhere, "else": needed, "$defs": definitions}
