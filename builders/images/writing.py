"""Definitions written down again with all their defaults, so that nothing outside the text decides; pure."""

from __future__ import annotations

import json
from collections.abc import Mapping

from builders.images.definition import Definition


def format_definition(definition: Definition) -> str:
    """Return a TOML text that `parse_definition` reads as the same definition, whatever the defaults are then."""
    table = definition.model_dump(mode="json", exclude_none=True)
    keys = {key: value for key, value in table.items() if not isinstance(value, dict)}
    tables = {key: value for key, value in table.items() if isinstance(value, dict)}
    return _lines(keys) + "".join(f"\n[{name}]\n{_lines(values)}" for name, values in tables.items())


def _lines(values: Mapping[str, object]) -> str:
    return "".join(f"{key} = {_value(value)}\n" for key, value in values.items())


def _value(value: object) -> str:
    """JSON's strings, numbers, booleans and arrays of them are TOML too, but for the one control JSON leaves bare."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
