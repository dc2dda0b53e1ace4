"""JSON Schema of what a recipe's YAML may say, for editors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from recipe_runner.language.declarations import FORMAT, Header
from recipe_runner.language.header import NAME

DIALECT = "https://json-schema.org/draft/2020-12/schema"
REFERENCE = {"type": "string", "pattern": r"^\$\{[^{}]+\}$", "description": "a reference"}
TEXT = ["string", "number", "boolean"]
"""A recipe reads every scalar as text; an editor has its own idea of what `9.10` or `yes` are."""

Models = Mapping[str, type[BaseModel]]


def schema(*, actions: Models, preconditions: Models) -> dict[str, Any]:
    """Return the schema: the document itself is the header, everything else is under `$defs`.

    `$defs["action:NAME"]` describes the arguments of an action, `$defs["requires:KIND"]` a precondition. Where those
    want something else than text, a reference such as `${name}` will do as well.
    """
    header, _ = _definitions([Header])
    main = header.pop(Header.__name__)
    named = {
        **{f"requires:{kind}": preconditions[kind] for kind in sorted(preconditions)},
        **{f"action:{name}": actions[name] for name in sorted(actions)},
    }
    definitions, places = _definitions([*named.values()])
    arguments = {name: _referable(part) for name, part in definitions.items()}
    aliases = {name: places[model] for name, model in named.items()}
    properties = main["properties"]
    properties["recipe"]["const"] = FORMAT
    properties["params"]["propertyNames"] = {"pattern": f"^{NAME.pattern}$"}
    if preconditions:
        properties["requires"]["items"] = {"anyOf": [{"$ref": f"#/$defs/requires:{kind}"} for kind in preconditions]}
    return {"$schema": DIALECT, **main, "$defs": {**header, **arguments, **aliases}}


def _definitions(models: list[type[BaseModel]]) -> tuple[dict[str, Any], dict[type, Any]]:
    """Return the definitions of the models and all they are made of, and a reference to each model's."""
    places, top = models_json_schema([(model, "validation") for model in dict.fromkeys(models)])
    definitions = {name: _textual(part) for name, part in top.get("$defs", {}).items()}
    return definitions, {model: place for (model, _), place in places.items()}


def _textual(part: object) -> object:
    """Accept every scalar where a text is wanted."""
    if isinstance(part, list):
        return [_textual(item) for item in part]
    if not isinstance(part, dict):
        return part
    changed = {key: _textual(value) for key, value in part.items()}
    if changed.get("type") == "string":
        changed["type"] = TEXT
    return changed


def _referable(part: object, *, value: bool = False) -> object:
    """Accept a reference where a property's value is wanted."""
    if isinstance(part, list):
        return [_referable(item, value=value) for item in part]
    if not isinstance(part, dict):
        return part
    changed = {
        key: {name: _referable(item, value=True) for name, item in inner.items()}
        if key == "properties"
        else _referable(inner, value=key in {"items", "additionalProperties"})
        for key, inner in part.items()
    }
    return {"anyOf": [changed, REFERENCE]} if value and changed.get("type") != TEXT else changed
