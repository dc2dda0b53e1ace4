"""What people decide about a run, and what they want to be remembered of it."""

from __future__ import annotations

from typing import ClassVar, Literal

from msgspec import Struct

DeviationKind = Literal["precondition", "skipped", "accepted", "kept", "edited", "back", "left-out", "rolled-back"]


class Confirm(Struct, frozen=True, kw_only=True):
    """A person (or the answers that stand for one) decided."""

    type: ClassVar[str] = "confirm"
    step: str
    question: str
    choice: str
    text: str = ""
    by: str = ""
    item: str | None = None


class Deviation(Struct, frozen=True, kw_only=True):
    """The run departs from the recipe, or from its preconditions."""

    type: ClassVar[str] = "deviation"
    kind: DeviationKind
    what: str
    reason: str
    step: str | None = None
    digest: str | None = None
    """Of `kept`: the text that was decided on."""


class Note(Struct, frozen=True, kw_only=True):
    """Something a person wants to be remembered."""

    type: ClassVar[str] = "note"
    text: str
    step: str | None = None
