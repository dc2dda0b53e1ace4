"""What happens to a step: it begins, it ends, or it will not run."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

Role = Literal["check", "run", "verify", "undo", "shell"]
Outcome = Literal["ok", "failed", "timeout", "interrupted", "lost"]
SkipKind = Literal["not-applicable", "skipped", "done", "already-done", "accepted"]


@dataclass(frozen=True, slots=True, kw_only=True)
class StepStart:
    """Intent: written and sealed before the command runs."""

    type: ClassVar[str] = "step_start"
    step: str
    role: Role = "run"
    attempt: int = 1
    item: str | None = None
    kind: str = "block"
    digest: str = ""
    command: str = field(default="", metadata={"help": "sha256 of the exact code or arguments that will run"})
    host: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StepEnd:
    """The command of the matching `StepStart` is over."""

    type: ClassVar[str] = "step_end"
    step: str
    role: Role = "run"
    attempt: int = 1
    item: str | None = None
    outcome: Outcome = "ok"
    exit_code: int | None = None
    signal: str | None = None
    duration_ms: int = 0
    outputs: dict[str, Any] = field(default_factory=dict)
    blobs: dict[str, Any] = field(
        default_factory=dict, metadata={"help": "stream → sha256 and size; filled in by the journal"}
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Skip:
    """A step that will not run in this run, and why; only `skipped` and `accepted` leave work undone."""

    type: ClassVar[str] = "skip"
    step: str
    kind: SkipKind
    reason: str
    item: str | None = None
