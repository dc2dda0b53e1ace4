"""A YAML file that is one mapping: parameters, or the answers of an operator."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from recipe_runner.errors import Diagnostic, UsageError
from recipe_runner.language.fragment import Fragment
from recipe_runner.language.source import Document


def read_mapping(path: Path) -> dict[str, Any]:
    """Return the file's mapping with every scalar as text; raises UsageError with a place for each fault."""
    try:
        data = path.read_bytes()
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        raise UsageError.because(f"cannot read `{path}`: {reason}", hint="name a file that can be read") from error
    document = Document.decode(str(path), data)
    fragment = Fragment.parse(document.passage(document.lines, 1))
    if not isinstance(fragment.data, dict):
        raise UsageError(Diagnostic(f"`{path}` is not a mapping", fragment.span, "write one `name: value` a line"))
    return fragment.data
