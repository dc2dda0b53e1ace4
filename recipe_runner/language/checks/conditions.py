"""Conditions that cannot be meant: of undeclared parameters, of the wrong types, or with only one outcome."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace

import msgspec

from recipe_runner.errors import Diagnostic, Span
from recipe_runner.language.codes import Code
from recipe_runner.language.conditions import Condition
from recipe_runner.language.model import Recipe
from recipe_runner.language.parameters import Parameter
from recipe_runner.language.suggestions import with_hint
from recipe_runner.sanitise import line

Undeclared = Callable[[str, Span], Diagnostic]


def check_condition(condition: Condition, place: Span, recipe: Recipe, undeclared: Undeclared) -> Iterator[Diagnostic]:
    """Yield the faults of a `when` whose text stands at `place`; `undeclared` makes the one for an unknown name."""
    left = recipe.parameter(condition.name)
    for name in condition.names():
        if recipe.parameter(name) is None:
            yield undeclared(name, _word(place, name))
    if condition.operator == "in":
        members = recipe.parameter(condition.operand)
        if members is not None and members.type != "list":
            yield Diagnostic(
                f"`{members.name}` is a `{members.type}`, wanted a list after `in`",
                _word(place, members.name),
                f"write `{line(condition.name)} == …`",
                Code.CONDITION_TYPE,
            )
        elif members is not None and condition.literal:
            yield from _literal(condition, condition.name, msgspec.structs.replace(members, min=None), place)
    elif condition.operator in {"==", "!="} and left is not None:
        if left.type == "list":
            yield Diagnostic(
                f"`{left.name}` is a list, wanted a single value before `{condition.operator}`",
                _word(place, left.name),
                f"write `'{line(condition.operand)}' in {left.name}`",
                Code.CONDITION_TYPE,
            )
        elif condition.operand:
            yield from _literal(condition, condition.operand, left, place)


def _literal(condition: Condition, literal: str, parameter: Parameter, place: Span) -> Iterator[Diagnostic]:
    always = "always holds" if condition.operator == "!=" else "can never hold"
    span = _word(place, literal)
    if parameter.type == "secret":
        yield Diagnostic(
            f"the secret `{parameter.name}` is compared with a text that everybody can read",
            span,
            f"write `{parameter.name}` alone to ask whether there is one",
            Code.SECRET_SHOWN,
        )
        return
    try:
        value = parameter.convert([literal] if parameter.type == "list" else literal)
    except ValueError as error:
        fault, hint = with_hint(str(error))
        yield Diagnostic(f"this {always}: {fault}", span, hint, Code.CONDITION_FIXED)
        return
    canonical = value if isinstance(value, str) else value[0]
    if canonical != literal:
        yield Diagnostic(
            f"this {always}: the value `{line(literal)}` is kept as `{line(canonical)}`",
            span,
            f"write `{line(canonical)}`",
            Code.CONDITION_FIXED,
        )


def _word(place: Span, word: str) -> Span:
    """Return the place of a word inside the condition's text, or the whole condition."""
    start = place.column - 1
    text = place.text[start : start + place.length]
    match = re.search(rf"(?<![\w-]){re.escape(word)}(?![\w-])", text)
    return replace(place, column=place.column + match.start(), length=max(1, len(word))) if match else place
