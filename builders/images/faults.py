"""What pydantic finds in a definition, told at the place where it was written."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, get_args

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from builders.images.layers import Loc, Node
from builders.images.model import MISFITS, Misfit, Model
from recipe_runner.errors import Diagnostic
from recipe_runner.language.suggestions import suggest
from recipe_runner.sanitise import line

SHOWN = 60
"""Characters of a wrong value that are shown."""
SECRET = frozenset({"password-hash"})
"""Keys whose wrong values may be passwords: they are not shown, nor is their line."""


def diagnostics(error: ValidationError, model: type[Model], node: Node) -> Iterator[Diagnostic]:
    """Give each fault of a tree that `model` refused."""
    for found in error.errors(include_url=False):
        if found["type"] == MISFITS:
            yield from (at(misfit, node, found["loc"]) for misfit in found["ctx"][MISFITS])
        else:
            yield _fault(found, model, node)


def at(misfit: Misfit, node: Node, loc: Loc = (), code: str = "D006") -> Diagnostic:
    """Tell a misfit at its place below `loc`."""
    return Diagnostic(misfit.message, node.span((*loc, *misfit.path)), misfit.hint, code)


def _fault(error: ErrorDetails, model: type[Model], node: Node) -> Diagnostic:
    loc = tuple(part for part in error["loc"] if part != "[key]")
    span = node.span(loc)
    loc = loc or node.path[-1:]  # the whole table is something else
    key = line(".".join(str(part) for part in loc if not isinstance(part, int)))
    match error["type"]:
        case "extra_forbidden":
            return Diagnostic(
                f"unknown key `{key}`", span, suggest(str(loc[-1]), _known(model, loc), what="key"), "D002"
            )
        case "missing":
            return Diagnostic(f"key `{key}` is missing", span, f"add `{loc[-1]} = …`", "D003")
        case _:
            message, hint = _said(error)
            if loc[-1] in SECRET:
                span = replace(span, text="")
            shown = "that" if loc[-1] in SECRET else f"`{line(_shown(error['input']))}`"
            return Diagnostic(f"`{key}` cannot be {shown}{message}", span, hint, "D004")


def _said(error: ErrorDetails) -> tuple[str, str | None]:
    """Return what is added to the message, and the hint."""
    if error["type"] == "literal_error":
        choices = re.findall(r"'([^']*)'", error["ctx"]["expected"])
        return "", suggest(str(error["input"]), choices, what="word")
    said = error["msg"].removeprefix("Value error, ")
    said = said[:1].lower() + said[1:]
    fault, _, hint = said.partition("; ")
    if fault.startswith(("wanted ", "input should be ")):
        wanted = re.sub(r"^(?:wanted|input should be) ", "", fault)
        return "", hint or f"write {wanted}"
    return f": {fault}", hint or None


def _shown(value: object) -> str:
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"


def _known(model: type[Model], loc: Loc) -> list[str]:
    for part in loc[:-1]:
        if isinstance(part, str):
            model = _inner(model, part)
    return [field.alias or name for name, field in model.model_fields.items()]


def _inner(model: type[Model], key: str) -> type[Model]:
    for name, field in model.model_fields.items():
        if key == (field.alias or name):
            return next(_models(field.annotation), model)
    return model


def _models(annotation: Any) -> Iterator[type[Model]]:  # noqa: ANN401 - a type's form is not known to the type checker
    if isinstance(annotation, type) and issubclass(annotation, Model):
        yield annotation
    for inner in get_args(annotation):
        yield from _models(inner)
