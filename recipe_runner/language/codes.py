"""Every fault the language knows: a code that never changes, a title and an explanation."""

from __future__ import annotations

from enum import Enum
from typing import Self


class Code(str, Enum):
    """A diagnostic's code; `heading` and `explanation` are what docs/reference/diagnostics.md says about it."""

    heading: str
    explanation: str

    def __new__(cls, value: str, heading: str, explanation: str) -> Self:
        """Make a member that is its code as text and carries the rest of its row."""
        member = str.__new__(cls, value)
        member._value_ = value
        member.heading = heading
        member.explanation = explanation
        return member

    def __str__(self) -> str:
        return str.__str__(self)

    NOT_UTF8 = "R001", "the file is not UTF-8", "x"
    NUL = "R002", "NUL character", "x"
    TOO_DEEP = "R003", "x", "x"
    FENCE_UNCLOSED = "R010", "unclosed fence", "x"
    FENCE_IN_HTML = "R011", "fence in raw HTML", "x"
    INFO_LANGUAGE = "R012", "x", "x"
    INFO_SPACE = "R013", "x", "x"
    INFO_TEXT = "R014", "x", "x"
    INFO_UNCLOSED = "R015", "x", "x"
    INFO_WORD = "R016", "x", "x"
    NOT_RUNNABLE = "R017", "x", "x"
    BLOCK_EMPTY = "R018", "x", "x"
    YAML_SYNTAX = "R020", "yaml cannot be read", "x"
    YAML_FEATURE = "R021", "tag, anchor or alias", "x"
    YAML_DUPLICATE = "R022", "key written twice", "x"
    UNKNOWN_KEY = "R023", "unknown key", "x"
    MISSING_KEY = "R024", "missing key", "x"
    BAD_VALUE = "R025", "value of the wrong kind", "x"
    YAML_DEPTH = "R026", "nested too deeply", "x"
    HEADER_UNCLOSED = "R030", "x", "x"
    PARAMETER_NAME = "R031", "x", "x"
    PARAMETER_CLASH = "R032", "x", "x"
    REQUIREMENT_EMPTY = "R033", "x", "x"
    ID_MISSING = "R040", "x", "x"
    ID_FORM = "R041", "x", "x"
    ID_TAKEN = "R042", "x", "x"
    UNKNOWN_ATTRIBUTE = "R043", "x", "x"
    ATTRIBUTE_VALUE = "R044", "x", "x"
    ATTRIBUTE_PLACE = "R045", "x", "x"
    ATTRIBUTE_TWICE = "R046", "x", "x"
    ATTRIBUTE_ALONE = "R047", "x", "x"
    ROLE_TARGET = "R048", "x", "x"
    ACTION_MISSING = "R049", "x", "x"
    INCLUDE_ALONE = "R050", "x", "x"
    INCLUDE_PATH = "R051", "x", "x"
    INCLUDE_OUTSIDE = "R052", "x", "x"
    INCLUDE_UNREADABLE = "R053", "x", "x"
    INCLUDE_CYCLE = "R054", "x", "x"
    INCLUDE_TWICE = "R055", "x", "x"
    INCLUDE_MANY = "R056", "x", "x"
    UNKNOWN_ACTION = "R060", "x", "x"
    UNKNOWN_PRECONDITION = "R061", "x", "x"
    UNDECLARED = "R062", "x", "x"
    UNUSED = "R063", "x", "x"
    OUTPUT_UNKNOWN = "R064", "x", "x"
    REFERENCE_FORM = "R065", "x", "x"
    SECRET_SHOWN = "R066", "x", "x"
    CONDITION_TYPE = "R067", "x", "x"
    CONDITION_FIXED = "R068", "x", "x"
    EACH_TYPE = "R069", "x", "x"
    PROMPT = "R070", "x", "x"
    PYTHON_SYNTAX = "R071", "x", "x"
    BASH_SYNTAX = "R072", "x", "x"
    SHELLCHECK = "R073", "x", "x"
