"""What happens to a run as a whole."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Genesis:
    """The run begins: everything that identifies it."""

    type: ClassVar[str] = "genesis"
    format: str = "recipe-run-journal/v1"
    run: str = field(metadata={"help": "128-bit run id, 32 hex digits"})
    recipe: dict[str, Any] = field(metadata={"help": "name, sha256, size, commit (of the Git tree, or null)"})
    includes: list[dict[str, Any]] = field(default_factory=list)
    steps: list[dict[str, str]] = field(metadata={"help": "id and sha256 of each step, in order"})
    params: dict[str, Any] = field(default_factory=dict)
    secrets: list[str] = field(default_factory=list, metadata={"help": "names only"})
    tool: dict[str, str] = field(default_factory=dict)
    actions: dict[str, str] = field(default_factory=dict, metadata={"help": "action → distribution and version"})
    approvals: dict[str, int] = field(default_factory=dict, metadata={"help": "step → people who must approve it"})
    approvers: dict[str, str] = field(default_factory=dict, metadata={"help": "step → role of those who may approve"})
    roles: dict[str, str] = field(default_factory=dict, metadata={"help": "step → who may run it"})
    acting: list[str] = field(default_factory=list, metadata={"help": "roles in which the operator acts"})
    operator: str = ""
    mode: str = field(default="ask", metadata={"help": "who answers: ask, yes, answers"})
    host: str = ""
    boot_id: str = ""
    directory: str = field(default="", metadata={"help": "where the first step starts"})
    undoes: str | None = field(default=None, metadata={"help": "id of the finished run that this one rolls back"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Precondition:
    """One requirement was looked at."""

    type: ClassVar[str] = "precondition"
    kind: str
    text: str
    outcome: Literal["met", "unmet", "overridden"]
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Witnessed:
    """A witness was told how far the journal had come; a failure stops nothing unless a policy demands that witness."""

    type: ClassVar[str] = "witness"
    kind: str
    address: str
    records: int = field(metadata={"help": "how many records the witness was told of"})
    outcome: Literal["attested", "failed"]
    supplier: str = field(default="", metadata={"help": "distribution and version"})
    detail: str = ""
    receipt: dict[str, Any] = field(default_factory=dict, metadata={"help": "file, sha256 and size"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Recover:
    """What no seal covers, such as a torn last line, was set aside when the journal was opened again."""

    type: ClassVar[str] = "recover"
    size: int
    sha256: str
    file: str
    begun: list[dict[str, Any]] = field(
        default_factory=list, metadata={"help": "fields of each `step_start` in it whose command may have run"}
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Resume:
    """The run goes on in a new session."""

    type: ClassVar[str] = "resume"
    session: int
    operator: str = ""
    mode: str = "ask"
    host: str = ""
    boot_id: str = ""
    changed: list[str] = field(default_factory=list, metadata={"help": "ids of steps whose source changed"})
    approvals: dict[str, int] = field(
        default_factory=dict, metadata={"help": "as in genesis, of the recipe as it is now"}
    )
    approvers: dict[str, str] = field(default_factory=dict)
    recipe: dict[str, Any] = field(default_factory=dict)
    includes: list[dict[str, Any]] = field(default_factory=list)
    roles: dict[str, str] = field(default_factory=dict)
    acting: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Abort:
    """The session ends before the run is over; `final` when the operator gave the run up."""

    type: ClassVar[str] = "abort"
    reason: str
    final: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Close:
    """The run is over."""

    type: ClassVar[str] = "close"
    outcome: Literal["done", "failed", "abandoned"]
    done: int
    skipped: int
    total: int
