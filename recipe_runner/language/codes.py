"""Every fault the language knows: a code that never changes, a title and an explanation."""

from __future__ import annotations

from enum import StrEnum


class Code(StrEnum):
    """A diagnostic's code; `title` and `explanation` are what docs/reference/diagnostics.md says about it."""

    title: str
    explanation: str

    def __new__(cls, value: str, title: str, explanation: str) -> Code:
        """Make a member that is its code as text and carries the rest of its row."""
        member = str.__new__(cls, value)
        member._value_ = value
        member.title = title
        member.explanation = explanation
        return member

    NOT_UTF8 = "R001", "not UTF-8", "x"
    NUL = "R002", "NUL character", "x"
    YAML_SYNTAX = "R020", "yaml cannot be read", "x"
    YAML_FEATURE = "R021", "tag, anchor or alias", "x"
    YAML_DUPLICATE = "R022", "key written twice", "x"
    UNKNOWN_KEY = "R023", "unknown key", "x"
    MISSING_KEY = "R024", "missing key", "x"
    BAD_VALUE = "R025", "value of the wrong kind", "x"
    YAML_DEPTH = "R026", "nested too deeply", "x"
