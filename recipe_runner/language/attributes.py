"""The attributes of a step as typed values with their places."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from msgspec import Struct

from recipe_runner.errors import Diagnostic, Span
from recipe_runner.language.attribute_rules import FLAGS, MANUAL, NAMES, PAIRS, ROLES, SCRIPT_PAIRS, Rule
from recipe_runner.language.codes import Code
from recipe_runner.language.infostring import Attribute
from recipe_runner.language.suggestions import did_you_mean, with_hint
from recipe_runner.sanitise import line

LATER = frozenset({"confirm", "on", "dir", "when", "each", "action"})
"""Attributes whose values are judged again when the whole recipe is known, and whose places are kept for that."""


class Reading(Struct, frozen=True):
    """The converted values by field name (`retry_delay`), and where each was written."""

    values: dict[str, Any]
    places: dict[str, Span]
    faults: list[Diagnostic]


def read_attributes(attributes: tuple[Attribute, ...], kind: str) -> Reading:
    """Convert the flags and pairs of a step of `kind` (or of a `script` with a role); ids and roles are passed over."""
    reading = Reading({}, {}, [])
    pairs = SCRIPT_PAIRS if kind == "script" else PAIRS
    for attribute in attributes:
        if attribute.kind == "id" or (attribute.kind == "class" and attribute.name in ROLES):
            continue
        table = pairs if attribute.kind == "pair" else FLAGS
        rule = table.get(attribute.name)
        if rule is None or kind not in rule.kinds:
            reading.faults.append(_unknown(attribute, kind))
            continue
        if rule.needs and not any(other.name == rule.needs for other in attributes):
            reading.faults.append(
                Diagnostic(
                    f"`{attribute.name}` means nothing without `{rule.needs}`",
                    attribute.span,
                    f"add `{rule.needs}=…`, or remove it",
                    Code.ATTRIBUTE_ALONE,
                )
            )
        field = attribute.name.replace("-", "_")
        try:
            reading.values[field] = True if attribute.kind == "class" else rule.convert(attribute.value)
            if attribute.name in LATER:
                reading.places[field] = attribute.value_span
        except ValueError as error:
            fault, hint = with_hint(str(error))
            reading.faults.append(
                Diagnostic(f"`{attribute.name}`: {fault}", attribute.value_span, hint, Code.ATTRIBUTE_VALUE)
            )
    if "tty" in reading.values and reading.values.get("parallel", 1) > 1:
        reading.faults.append(
            Diagnostic(
                "a step with `.tty` has the operator's terminal to itself, and cannot run side by side",
                next(attribute.span for attribute in attributes if attribute.name == "parallel"),
                "remove one of the two",
                Code.ATTRIBUTE_PLACE,
            )
        )
    return reading


def _unknown(attribute: Attribute, kind: str) -> Diagnostic:
    name = attribute.name
    shown = f".{name}" if attribute.kind == "class" else name
    pairs = SCRIPT_PAIRS if kind == "script" else PAIRS
    if (rule := (FLAGS if attribute.kind == "class" else {**SCRIPT_PAIRS, **PAIRS}).get(name)) is not None:
        places = " and ".join(NAMES[k] for k in sorted(rule.kinds))
        hint = "write it on the step itself" if kind == "script" else f"remove it, it is for {places}"
        return Diagnostic(f"{NAMES[kind]} cannot have `{line(shown)}`", attribute.span, hint, Code.ATTRIBUTE_PLACE)
    return Diagnostic(
        f"unknown {'flag' if attribute.kind == 'class' else 'attribute'} `{line(shown)}`",
        attribute.span,
        _meant(attribute, pairs, kind),
        Code.UNKNOWN_ATTRIBUTE,
    )


def _meant(attribute: Attribute, pairs: dict[str, Rule], kind: str) -> str:
    flags = [name for name, rule in FLAGS.items() if kind in rule.kinds] + list(ROLES if kind != MANUAL else ())
    known = [name for name, rule in pairs.items() if kind in rule.kinds]
    name = attribute.name
    if attribute.kind == "class" and name in known:
        return f"write `{name}=…`"
    if attribute.kind == "pair" and name in flags:
        return f"write `.{name}`"
    if attribute.kind == "pair" and name == "id":
        return f"write `#{attribute.value}`"
    near = did_you_mean(name, flags if attribute.kind == "class" else known)
    if near:
        return f"did you mean `{'.' if attribute.kind == 'class' else ''}{near}`?"
    choices = [f".{flag}" for flag in flags] if attribute.kind == "class" else known
    return "use one of " + ", ".join(f"`{choice}`" for choice in choices)


def roles(attributes: tuple[Attribute, ...]) -> Iterator[Attribute]:
    """Yield the roles among the flags."""
    return (a for a in attributes if a.kind == "class" and a.name in ROLES)
