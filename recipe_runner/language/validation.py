"""Pydantic's errors as diagnostics that point into YAML."""

from __future__ import annotations

import re
import types
from collections.abc import Iterator
from typing import Annotated, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from recipe_runner.errors import Diagnostic, InvalidRecipeError, gather
from recipe_runner.language.codes import Code
from recipe_runner.language.fragment import Fragment
from recipe_runner.language.nodes import Node
from recipe_runner.language.suggestions import did_you_mean, suggest, with_hint
from recipe_runner.language.template import references
from recipe_runner.sanitise import line

M = TypeVar("M", bound=BaseModel)
SHOWN = 60
QUOTED = re.compile(r"'([^']*)'")
LIST = "a list such as `[one, two]`"
WANTED = {
    "model_type": "a mapping of `key: value`",
    "dict_type": "a mapping of `key: value`",
    "mapping_type": "a mapping of `key: value`",
    "list_type": LIST,
    "tuple_type": LIST,
    "set_type": LIST,
    "frozen_set_type": LIST,
    "string_type": "a text",
    "int_parsing": "a whole number",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_parsing": "a number",
    "float_type": "a number",
    "bool_parsing": "`true` or `false`",
    "bool_type": "`true` or `false`",
    "url_parsing": "a URL",
}


PHRASES = {
    "Input should be greater than": "a value greater than",
    "Input should be less than": "a value less than",
    "Input should be ": "",
    "String should have ": "a text of ",
    "String should match pattern ": "a text that matches ",
}
"""How pydantic begins to say what it wants, and how we do."""


def validated(fragment: Fragment, model: type[M]) -> M:
    """Return the model of a fragment; raises InvalidRecipeError with every fault at its place."""
    try:
        return model.model_validate(fragment.data)
    except ValidationError as error:
        raise InvalidRecipeError(*gather(_diagnose(fragment, model, error))) from None


def foreseen(fragment: Fragment, model: type[BaseModel]) -> list[Diagnostic]:
    """Return the faults that no value of a reference can mend."""
    try:
        model.model_validate(fragment.data)
    except ValidationError as error:
        return list(gather(_diagnose(fragment, model, error, forgiving=True)))
    return []


def _diagnose(
    fragment: Fragment, model: type[BaseModel], error: ValidationError, *, forgiving: bool = False
) -> Iterator[Diagnostic]:
    """Yield a diagnostic for each error, one for each place; `forgiving` leaves out what references may still mend."""
    seen = set()
    missing: dict[tuple[str | int, ...], list[str]] = {}
    for detail in error.errors(include_url=False):
        if detail["type"] == "missing":
            missing.setdefault(detail["loc"][:-1], []).append(str(detail["loc"][-1]))
            continue
        node, _ = fragment.locate(detail["loc"])
        unknown = detail["type"] == "extra_forbidden"
        if forgiving and not unknown and any(references(scalar.text or "") for scalar in node.scalars()):
            continue
        diagnostic = _diagnostic(fragment, model, detail, node)
        if (key := (diagnostic.span, unknown)) not in seen:
            seen.add(key)
            yield diagnostic
    for location, names in missing.items():
        yield _missing(fragment, location, names)


def _missing(fragment: Fragment, location: tuple[str | int, ...], names: list[str]) -> Diagnostic:
    shown = [f"`{name}`" for name in names]
    *most, last = shown
    listed = f"{', '.join(most)} and {last} are" if most else f"{last} is"
    hint = f"add {', '.join(f'`{name}: …`' for name in names)}"
    return Diagnostic(f"{listed} missing", fragment.at(location, key=True), hint, Code.MISSING_KEY)


def _diagnostic(fragment: Fragment, model: type[BaseModel], detail: ErrorDetails, node: Node) -> Diagnostic:
    location = detail["loc"]
    name = str(location[-1]) if location else ""
    if detail["type"] == "extra_forbidden":
        known = _keys(_inside(model, location[:-1]))
        present = fragment.locate(location[:-1])[0].entries or {}
        return Diagnostic(
            f"unknown key `{line(name)}`",
            fragment.at(location, key=True),
            suggest(name, known.difference(filter(present.__contains__, known)), what="other key"),
            Code.UNKNOWN_KEY,
        )
    message, hint = with_hint(_message(fragment, detail, node))
    guilty = next((scalar for scalar in node.scalars() if scalar is not node and f"`{scalar.text}`" in message), None)
    place = fragment.at(location, key=node.text is None and not node.flow)
    return Diagnostic(
        message,
        fragment.place(guilty) if guilty else place,
        _nearest(detail, node) or hint or "correct the value",
        Code.BAD_VALUE,
    )


def _message(fragment: Fragment, detail: ErrorDetails, node: Node) -> str:
    context = detail.get("ctx", {})
    name = next((f"`{part}`: " for part in reversed(detail["loc"]) if isinstance(part, str)), "")
    if detail["type"] in {"value_error", "assertion_error"}:
        message = str(context.get("error", detail["msg"]))
        return name + fragment.as_written(message)
    said = detail["msg"].replace("'", "`")
    wanted = WANTED.get(detail["type"]) or str(context.get("expected", "")).replace("'", "`")
    for beginning, phrase in PHRASES.items():
        if not wanted and said.startswith(beginning):
            wanted = phrase + said.removeprefix(beginning)
    if wanted:
        return f"{name}found {_found(node)}, wanted {fragment.as_written(wanted)}"
    return f"{name}found {_found(node)}, but {fragment.as_written(said[:1].lower() + said[1:])}"


def _found(node: Node) -> str:
    if node.entries is not None:
        return "a mapping"
    if node.items is not None:
        return "a list"
    text = node.text or ""
    return f"`{text[:SHOWN]}{'…' if len(text) > SHOWN else ''}`" if text.strip() else "nothing"


def _nearest(detail: ErrorDetails, node: Node) -> str | None:
    expected = QUOTED.findall(str(detail.get("ctx", {}).get("expected", "")))
    nearest = did_you_mean(node.text or "", expected)
    return f"did you mean `{nearest}`?" if nearest else None


def _keys(annotation: object) -> set[str]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return {
            name
            for field_name, field in annotation.model_fields.items()
            if isinstance(name := field.validation_alias or field.alias or field_name, str)
        }
    return set().union(*(_keys(part) for part in _parts(annotation)))


def _parts(annotation: object) -> tuple[object, ...]:
    return get_args(annotation) if get_origin(annotation) in {Union, types.UnionType, Annotated} else ()


def _inside(annotation: object, path: tuple[str | int, ...]) -> object:
    """Return the annotation at `path` below another, as far as it can be followed."""
    for name in path:
        annotation = _step(annotation, name)
    return annotation


def _step(annotation: object, name: str | int) -> object:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        for field_name, field in annotation.model_fields.items():
            if name in {field_name, field.alias, field.validation_alias}:
                return field.annotation
        return annotation
    origin = get_origin(annotation)
    if origin in {Union, types.UnionType, Annotated}:
        parts = [part for part in get_args(annotation) if part is not type(None)]
        followed = [(part, _step(part, name)) for part in parts]
        changed = [new for old, new in followed if new is not old]
        return changed[0] if changed else annotation
    arguments = get_args(annotation)
    if origin in {dict, list, tuple, set, frozenset} and arguments:
        return arguments[1] if origin is dict else arguments[0]
    return annotation
