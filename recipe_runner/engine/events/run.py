"""What happens to a run as a whole."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from msgspec import Struct


class Genesis(Struct, frozen=True, kw_only=True):
    """The run begins: everything that identifies it."""

    type: ClassVar[str] = "genesis"
    format: str = "recipe-run-journal/v1"
    run: str
    """128-bit run id, 32 hex digits."""
    recipe: dict[str, Any]
    """Name, sha256, size, commit (of the Git tree, or null)."""
    includes: list[dict[str, Any]] = []
    steps: list[dict[str, str]]
    """Id and sha256 of each step, in order."""
    params: dict[str, Any] = {}
    secrets: list[str] = []
    """Names only."""
    tool: dict[str, str] = {}
    actions: dict[str, str] = {}
    """Action → distribution and version."""
    approvals: dict[str, int] = {}
    """Step → people who must approve it."""
    approvers: dict[str, str] = {}
    """Step → role of those who may approve."""
    roles: dict[str, str] = {}
    """Step → who may run it."""
    acting: list[str] = []
    """Roles in which the operator acts."""
    operator: str = ""
    mode: str = "ask"
    """Who answers: ask, yes, answers."""
    host: str = ""
    boot_id: str = ""
    directory: str = ""
    """Where the first step starts."""
    undoes: str | None = None
    """Id of the finished run that this one rolls back."""


class Precondition(Struct, frozen=True, kw_only=True):
    """One requirement was looked at."""

    type: ClassVar[str] = "precondition"
    kind: str
    text: str
    outcome: Literal["met", "unmet", "overridden"]
    detail: str = ""


class Witnessed(Struct, frozen=True, kw_only=True):
    """A witness was told how far the journal had come; a failure stops nothing unless a policy demands that witness."""

    type: ClassVar[str] = "witness"
    kind: str
    address: str
    records: int
    """How many records the witness was told of."""
    outcome: Literal["attested", "failed"]
    supplier: str = ""
    """Distribution and version."""
    detail: str = ""
    receipt: dict[str, Any] = {}
    """File, sha256 and size."""


class Recover(Struct, frozen=True, kw_only=True):
    """What no seal covers, such as a torn last line, was set aside when the journal was opened again."""

    type: ClassVar[str] = "recover"
    size: int
    sha256: str
    file: str
    begun: list[dict[str, Any]] = []
    """Fields of each `step_start` in it whose command may have run."""


class Resume(Struct, frozen=True, kw_only=True):
    """The run goes on in a new session."""

    type: ClassVar[str] = "resume"
    session: int
    operator: str = ""
    mode: str = "ask"
    host: str = ""
    boot_id: str = ""
    changed: list[str] = []
    """Ids of steps whose source changed."""
    approvals: dict[str, int] = {}
    """As in genesis, of the recipe as it is now."""
    approvers: dict[str, str] = {}
    recipe: dict[str, Any] = {}
    includes: list[dict[str, Any]] = []
    roles: dict[str, str] = {}
    acting: list[str] = []


class Abort(Struct, frozen=True, kw_only=True):
    """The session ends before the run is over; `final` when the operator gave the run up."""

    type: ClassVar[str] = "abort"
    reason: str
    final: bool = False


class Close(Struct, frozen=True, kw_only=True):
    """The run is over."""

    type: ClassVar[str] = "close"
    outcome: Literal["done", "failed", "abandoned"]
    done: int
    skipped: int
    total: int
