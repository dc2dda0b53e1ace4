"""What happens in a run, as a stream of facts; the journal writes most of them down, the console shows them all.

A recorded event has a type name (`type`) and fields that are plain JSON: strings, integers below 2**53, booleans,
null, lists and objects. `to_record` and `from_record` are inverse, so that a run's past is folded from its journal by
the same code that folds the present.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

from recipe_runner.engine.statement import Decision, Statement
from recipe_runner.errors import RecipeError

Role = Literal["check", "run", "verify", "undo", "shell"]
Outcome = Literal["ok", "failed", "timeout", "interrupted", "lost"]
DeviationKind = Literal["precondition", "skipped", "accepted", "kept", "edited", "back", "left-out", "rolled-back"]
SkipKind = Literal["not-applicable", "skipped", "done", "already-done", "accepted"]


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
class Request:
    """Approvals are asked for: all that the others are to look at, and how many of them are needed.

    What they sign names the sha256 of this event's raw line in the journal, so they sign every field of it.
    """

    type: ClassVar[str] = "request"
    run: str
    recipe: dict[str, Any] = field(metadata={"help": "name, sha256"})
    params: dict[str, Any] = field(default_factory=dict, metadata={"help": "as genesis has them"})
    step: str
    kind: str = "block"
    items: list[str] = field(default_factory=list, metadata={"help": "the values of `each=` that are to run"})
    attempt: int = 1
    repeats: bool = field(default=False, metadata={"help": "it repeats itself, by `retries=` or `wait=`"})
    digest: str = field(metadata={"help": "sha256 of the step's source"})
    command: str = field(metadata={"help": "sha256 of the exact code that will run"})
    details: list[str] = field(default_factory=list, metadata={"help": "what it does with which values, in words"})
    needed: int = 1
    role: str | None = field(default=None, metadata={"help": "of those who may approve"})
    expires: str
    operator: str = ""
    host: str = ""

    @property
    def until(self) -> str:
        """When it expires, as people read it."""
        return f"{self.expires[:10]} {self.expires[11:16]} UTC"

    def answered(
        self, head: str, *, decision: Decision, approver: str, key: str, signed: str, reason: str = ""
    ) -> Statement:
        """Return what somebody signs in answer to this; `head` is the sha256 of this event's raw line."""
        return Statement(
            run=self.run,
            step=self.step,
            attempt=self.attempt,
            digest=self.digest,
            command=self.command,
            head=head,
            expires=self.expires,
            decision=decision,
            approver=approver,
            key=key,
            signed=signed,
            reason=reason,
        )

    def is_answered_by(self, said: Statement, head: str) -> bool:
        """Say whether a statement answers exactly this; `head` is the sha256 of this event's raw line."""
        asked = (self.run, self.step, self.attempt, self.digest, self.command, head, self.expires)
        return asked == (said.run, said.step, said.attempt, said.digest, said.command, said.head, said.expires)


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """Another person's signed answer to the last `Request` of a step; `statement` has its parts."""

    type: ClassVar[str] = "approval"
    stmt: str
    sig: str
    certificate: dict[str, Any] | None = field(default=None, metadata={"help": "sha256 and size of a kept blob"})

    @property
    def statement(self) -> Statement:
        """Read what was signed; raises ValueError where it is no statement."""
        return Statement.parse(self.stmt)

    @property
    def answer(self) -> Statement | None:
        """Read what was signed; None where it is no statement, as in a journal that somebody forged."""
        try:
            return self.statement
        except ValueError:
            return None


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
class Skip:
    """A step that will not run in this run, and why; only `skipped` and `accepted` leave work undone."""

    type: ClassVar[str] = "skip"
    step: str
    kind: SkipKind
    reason: str
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


@dataclass(frozen=True, slots=True)
class Output:
    """Bytes that a running step wrote, secrets already removed. Never a journal line: the journal keeps them as blobs.

    The stream `state` carries what the shell hands on to the next step; it is for the journal, not for the eye.
    `terminal` says that the bytes are meant for a terminal (`.tty`), escape sequences and all.
    """

    step: str
    stream: Literal["stdout", "stderr", "state"]
    data: bytes
    elapsed_ns: int
    item: str | None = None
    terminal: bool = False


@dataclass(frozen=True, slots=True)
class Waiting:
    """A step waits for something (`wait=`, a retry's delay); shown, never recorded."""

    step: str
    reason: str
    seconds: float
    left: float
    item: str | None = None


@dataclass(frozen=True, slots=True)
class Ticking:
    """A second has passed while processes run, or something has happened at the terminal; shown, never recorded."""


@dataclass(frozen=True, slots=True)
class Resting:
    """Somebody or something is waited for from here on, nobody knows how long; shown by nothing, never recorded.

    What was recorded before must not depend on anything that comes after.
    """


Recorded = (
    Genesis
    | Precondition
    | Request
    | Approval
    | StepStart
    | StepEnd
    | Confirm
    | Skip
    | Deviation
    | Note
    | Witnessed
    | Recover
    | Resume
    | Abort
    | Close
)
Event = Recorded | Output | Waiting | Ticking | Resting

TYPES: dict[str, type[Recorded]] = {
    cls.type: cls
    for cls in (
        Genesis,
        Precondition,
        Request,
        Approval,
        StepStart,
        StepEnd,
        Confirm,
        Skip,
        Deviation,
        Note,
        Witnessed,
        Recover,
        Resume,
        Abort,
        Close,
    )
}


def to_record(event: Recorded) -> dict[str, Any]:
    """Return the event's fields as plain JSON data, without its type; a null field is left out."""
    return {f.name: value for f in dataclasses.fields(event) if (value := getattr(event, f.name)) is not None}


def from_record(type_name: str, fields: dict[str, Any]) -> Recorded:
    """Rebuild the event that `to_record` took apart; fields that other writers added are ignored.

    Raises RecipeError for an unknown type or a missing field.
    """
    cls = TYPES.get(type_name)
    if cls is None:
        raise RecipeError.because(f"unknown journal line type `{type_name}`")
    known = {f.name for f in dataclasses.fields(cls)}
    try:
        return cls(**{name: value for name, value in fields.items() if name in known})
    except TypeError as error:
        raise RecipeError.because(f"`{type_name}` line: {error}") from error
