"""Untrusted text in a Markdown page (CommonMark with tables), where it means nothing but itself."""

from __future__ import annotations

import re

from markupsafe import Markup

from recipe_runner.sanitise import line, visible

SPECIAL = re.compile(r"([\\`*_{}\[\]<>()|~&!#$@]|^[-+]|:(?=//)|(?<=www)\.)")
"""What can begin or end something in CommonMark and its common extensions, in a line or at its beginning."""
NUMBERED = re.compile(r"^(\d{1,9})\.(?=\s|$)")
"""The beginning of a list's item."""


def escaped(text: str) -> str:
    """Return text for a line of Markdown, where it means nothing but itself."""
    return NUMBERED.sub(r"\1\\.", SPECIAL.sub(r"\\\1", line(text)))


def code_span(text: str) -> Markup:
    """Return text as code within a line of Markdown, also inside a table."""
    shown = line(text).replace("|", "\\|")
    ticks = "`" * (_longest_ticks(shown) + 1)
    span = f"{ticks} {shown} {ticks}" if "`" in shown else f"`{shown}`"
    return Markup(span if shown else "")  # noqa: S704 - a code span that its text cannot end


def fenced(text: str) -> Markup:
    """Return text as a block of code that it cannot end."""
    shown = visible(text)
    ticks = "`" * max(3, _longest_ticks(shown) + 1)
    return Markup(f"{ticks}text\n{shown.rstrip(chr(10))}\n{ticks}")  # noqa: S704 - a fence that its text cannot end


def first_line(text: str) -> str:
    """Return the first line of text, with a mark where there is more."""
    first, _, rest = text.strip().partition("\n")
    return f"{first} …" if rest else first


def _longest_ticks(text: str) -> int:
    return max((len(found) for found in re.findall("`+", text)), default=0)
