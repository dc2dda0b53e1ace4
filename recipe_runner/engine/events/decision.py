"""What people decide about a run, and what they want to be remembered of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, Literal

DeviationKind = Literal["precondition", "skipped", "accepted", "kept", "edited", "back", "left-out", "rolled-back"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirm:
    """A person (or the answers that stand for one) decided."""

    type: ClassVar[str] = "confirm"
    step: str
    question: str
    choice: str
    text: str = ""
    by: str = ""
    item: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Deviation:
    """The run departs from the recipe, or from its preconditions."""

    type: ClassVar[str] = "deviation"
    kind: DeviationKind
    what: str
    reason: str
    step: str | None = None
    digest: str | None = field(default=None, metadata={"help": "of `kept`: the text that was decided on"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """Something a person wants to be remembered."""

    type: ClassVar[str] = "note"
    text: str
    step: str | None = None
