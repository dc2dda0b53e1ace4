"""Definitions written down again with all their defaults, so that nothing outside the text decides; pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from builders.images.attachment import FOLDER, Attachment
from builders.images.definition import Definition

DEFINITION = "definition.toml"
"""The file in a build that holds the definition, defaults written out."""


def format_definition(definition: Definition) -> str:
    """Return a TOML text that is read as the same definition, whatever the defaults are then.

    The files it names are written as `inputs/<sha256>`; they must be there when it is read.
    """
    return format_table(definition.model_dump(mode="json", by_alias=True, exclude_none=True))


def write_definition(definition: Definition, directory: Path) -> None:
    """Write `definition.toml` and the files it names into a build's directory."""
    (directory / DEFINITION).write_text(format_definition(definition), "utf-8")
    for attachment in attachments(definition):
        (directory / FOLDER).mkdir(exist_ok=True)
        (directory / attachment.name).write_bytes(attachment.content)


def attachments(definition: BaseModel) -> Iterator[Attachment]:
    """Give every file that a definition names, as often as it names it."""
    for name in type(definition).model_fields:
        yield from _attachments(getattr(definition, name))


def _attachments(value: object) -> Iterator[Attachment]:
    if isinstance(value, Attachment):
        yield value
    elif isinstance(value, BaseModel):
        yield from attachments(value)
    elif isinstance(value, tuple):
        for inner in value:
            yield from _attachments(inner)


def format_table(table: Mapping[str, Any], path: str = "") -> str:
    """Return a table of strings, numbers, booleans, arrays and tables as TOML; `path` is where it stands."""
    plain = {key: value for key, value in table.items() if not isinstance(value, dict) and not _is_tables(value)}
    text = "".join(f"{key} = {_value(value)}\n" for key, value in plain.items())
    for key, value in table.items():
        if isinstance(value, dict):
            text += f"\n[{path}{key}]\n{format_table(value, f'{path}{key}.')}"
        elif _is_tables(value):
            text += "".join(f"\n[[{path}{key}]]\n{format_table(inner, f'{path}{key}.')}" for inner in value)
    return text


def _is_tables(value: object) -> bool:
    return isinstance(value, list) and bool(value) and isinstance(value[0], dict)


def _value(value: object) -> str:
    """JSON's strings, numbers, booleans and arrays of them are TOML too, but for the one control JSON leaves bare."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
