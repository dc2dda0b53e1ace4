"""What happens to a step: it begins, it ends, or it will not run."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from msgspec import Struct

Role = Literal["check", "run", "verify", "undo", "shell"]
Outcome = Literal["ok", "failed", "timeout", "interrupted", "lost"]
SkipKind = Literal["not-applicable", "skipped", "done", "already-done", "accepted"]


class StepStart(Struct, frozen=True, kw_only=True):
    """Intent: written and sealed before the command runs."""

    type: ClassVar[str] = "step_start"
    step: str
    role: Role = "run"
    attempt: int = 1
    item: str | None = None
    kind: str = "block"
    digest: str = ""
    command: str = ""
    """The sha256 of the exact code or arguments that will run."""
    host: str | None = None


class StepEnd(Struct, frozen=True, kw_only=True):
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
    outputs: dict[str, Any] = {}
    blobs: dict[str, Any] = {}
    """Stream → sha256 and size; filled in by the journal."""


class Skip(Struct, frozen=True, kw_only=True):
    """A step that will not run in this run, and why; only `skipped` and `accepted` leave work undone."""

    type: ClassVar[str] = "skip"
    step: str
    kind: SkipKind
    reason: str
    item: str | None = None
