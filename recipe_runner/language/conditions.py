"""When a step applies: the small language of `when="…"`.

A condition compares parameters and never runs anything. Its forms:

    name    !name    name == text    name != text    name in list    "text" in list

The right side of `==` and `!=` is always a literal, compared with the parameter's canonical text; quotes are needed
only where it contains spaces. The right side of `in` is always the name of a list parameter.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal

from msgspec import Struct

from recipe_runner.sanitise import line

NAME = r"[A-Za-z_][A-Za-z0-9_]*"
TEXT = r"\"[^\"]*\"|'[^']*'"
FLAG = re.compile(rf"(!?)\s*({NAME})")
COMPARISON = re.compile(rf"({NAME})\s*(==|!=)\s*({TEXT}|[^\s\"'=!]+)")
MEMBERSHIP = re.compile(rf"({NAME}|{TEXT})\s+in\s+({NAME})")

Operator = Literal["true", "false", "==", "!=", "in"]
Values = Mapping[str, str | tuple[str, ...]]


class Condition(Struct, frozen=True, kw_only=True):
    """One comparison; `str()` gives text that `parse_condition` reads back to an equal condition."""

    name: str
    """The parameter on the left; for `"text" in list` the text itself."""
    operator: Operator
    operand: str = ""
    """A literal; for `in` the name of the list."""
    literal: bool = False
    """The left side of `in` is a text, not a name."""

    def names(self) -> tuple[str, ...]:
        """Return the parameters it reads, from left to right."""
        left = () if self.literal else (self.name,)
        return (*left, self.operand) if self.operator == "in" else left

    def holds(self, values: Values) -> bool:
        """Tell whether it holds; a parameter without a value is the empty text.

        `name` alone holds when the value is neither empty nor `false`. A list compared with `==` counts as its values
        joined by commas.
        """
        value = values.get(self.name, "")
        match self.operator:
            case "true":
                return bool(value) and value != "false"
            case "false":
                return not value or value == "false"
            case "in":
                members = values.get(self.operand, ())
                left = self.name if self.literal else _joined(value)
                return left in ((members,) if isinstance(members, str) else members)
            case "==":
                return _joined(value) == self.operand
            case "!=":
                return _joined(value) != self.operand

    def __str__(self) -> str:
        match self.operator:
            case "true":
                return self.name
            case "false":
                return f"!{self.name}"
            case "in":
                return f"{_quoted(self.name) if self.literal else self.name} in {self.operand}"
            case _:
                return f"{self.name} {self.operator} {_quoted(self.operand)}"


def parse_condition(text: str) -> Condition:
    """Read the text of a `when` attribute; raises ValueError saying what is wanted."""
    stripped = text.strip()
    if match := FLAG.fullmatch(stripped):
        return Condition(name=match[2], operator="false" if match[1] else "true")
    if match := COMPARISON.fullmatch(stripped):
        operator: Operator = "==" if match[2] == "==" else "!="
        return Condition(name=match[1], operator=operator, operand=_unquoted(match[3]))
    if match := MEMBERSHIP.fullmatch(stripped):
        left = _unquoted(match[1])
        return Condition(name=left, operator="in", operand=match[2], literal=left != match[1])
    raise ValueError(
        f"found {f'`{line(stripped)}`' if stripped else 'nothing'}, wanted a condition; "
        "write `name`, `!name`, `name == text`, `name != text` or `name in list`"
    )


def _joined(value: str | tuple[str, ...]) -> str:
    return value if isinstance(value, str) else ",".join(value)


def _unquoted(text: str) -> str:
    return text[1:-1] if text[:1] in {'"', "'"} else text


def _quoted(text: str) -> str:
    return f'"{text}"' if "'" in text else f"'{text}'"
