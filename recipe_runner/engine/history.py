"""What has happened to each step so far: a fold over events, the same for the present and for a journal's past."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

from msgspec import Struct

from recipe_runner.engine.approval import Demand, Pending, joined
from recipe_runner.engine.events import (
    Approval,
    Close,
    Deviation,
    Event,
    Genesis,
    Recover,
    Request,
    Resume,
    Skip,
    SkipKind,
    StepEnd,
    StepStart,
    from_record,
)
from recipe_runner.engine.statement import Statement

Status = Literal["waiting", "unknown", "failed", "done", "skipped", "not-applicable", "accepted", "undone"]

SKIPPED: Mapping[SkipKind, Status] = {
    "not-applicable": "not-applicable",
    "skipped": "skipped",
    "done": "done",
    "already-done": "done",
    "accepted": "accepted",
}
UNVERIFIED = -1
"""In `Track.verified`: the step was ended by a decision, so its verify scripts were not asked."""


class Track(Struct):
    """What happened to one step, or to one value of an `each=` step."""

    status: Status = "waiting"
    digest: str = ""
    attempts: int = 0
    verified: int = 0
    host: str | None = None
    open: bool = False
    """Something of it began and its end is not on record."""
    given_up: bool = False
    """It began, did not succeed as far as anybody knows, and was skipped then."""

    def finished(self, verifies: int) -> bool:
        """Say whether nothing is left to do; `verifies` is the number of verify scripts that must have succeeded."""
        match self.status:
            case "done":
                return self.verified in {verifies, UNVERIFIED}
            case "skipped" | "not-applicable" | "accepted":
                return True
            case _:
                return False

    def unsettled(self) -> bool:
        """Say whether the step began and nobody knows whether it did its work."""
        return self.status in {"unknown", "done"}


class History(Struct):
    """The run so far; `order` holds what was done, oldest first, `outputs` what each step handed on.

    `acting` are the roles in which the operator of the last session acts.
    """

    genesis: Genesis | None = None
    tracks: dict[tuple[str, str | None], Track] = {}
    order: dict[tuple[str, str | None], None] = {}
    outputs: dict[str, dict[str, Any]] = {}
    state_blob: Mapping[str, Any] | None = None
    away_blobs: dict[str, Mapping[str, Any]] = {}
    """State on each host."""
    demands: dict[str, Demand] = {}
    """Who must approve which step."""
    pending: dict[str, Pending] = {}
    """The last request of each step."""
    operator: str = ""
    host: str = ""
    session: int = 1
    closed: Close | None = None
    rolling_back: bool = False
    acting: frozenset[str] = frozenset()

    @classmethod
    def of(cls, events: Iterable[Event]) -> History:
        """Fold a past."""
        history = cls()
        for event in events:
            history.apply(event)
        return history

    def track(self, step_id: str, item: str | None = None) -> Track:
        """Return what happened to a step; an untouched one is waiting."""
        return self.tracks.setdefault((step_id, item), Track())

    def finished(self, step_id: str, items: Sequence[str | None], verifies: int) -> bool:
        """Say whether a step is finished for all of its items (`[None]` for a step without `each=`)."""
        return all(self.track(step_id, item).finished(verifies) for item in items)

    def apply(self, event: Event) -> None:
        """Take one more event into account."""
        self._approve(event)
        match event:
            case Genesis():
                self.genesis = event
                self._begin(event)
            case Resume():
                self.session = event.session
                self._begin(event)
            case Deviation():
                self._deviate(event)
            case StepStart():
                self._start(event)
            case StepEnd():
                self._end(event)
            case Skip():
                track = self.track(event.step, event.item)
                unsuccessful = track.given_up or track.status in {"failed", "unknown"}
                track.given_up = event.kind == "skipped" and unsuccessful
                track.status, track.verified = SKIPPED[event.kind], UNVERIFIED
            case Recover():
                for fields in event.begun:
                    self.apply(from_record(StepStart.type, fields))
            case Close():
                self.closed = event
            case _:
                pass

    def follow(self, events: Iterable[Event]) -> None:
        """Take into account what another run has done to roll this one back, and whether it is still at it."""
        self.rolling_back = False
        for event in events:
            match event:
                case StepStart(role="undo") | StepEnd(role="undo") | Deviation(kind="rolled-back"):
                    self.apply(event)
                case Close():
                    self.rolling_back = False
                case _:
                    pass

    def _deviate(self, event: Deviation) -> None:
        tracks = [track for (step_id, _), track in self.tracks.items() if step_id == event.step]
        match event.kind:
            case "rolled-back":
                self.rolling_back = True
            case "back":
                for track in tracks:
                    track.status = "waiting"
            case "kept":
                for track in tracks:
                    track.digest = event.digest or track.digest
            case _:
                pass

    def _begin(self, event: Genesis | Resume) -> None:
        """Take note of who runs this session and what needs approval; a later recipe may ask for more, never less."""
        self.operator, self.host = event.operator, event.host
        self.acting = frozenset(event.acting)
        named = {step: Demand(count, event.approvers.get(step)) for step, count in event.approvals.items()}
        self.demands = joined(self.demands, named)

    def _approve(self, event: Event) -> None:
        """Keep what was asked of others, what they answered, and whether a step has begun on the strength of it."""
        match event:
            case Request():
                self.pending[event.step] = Pending(event)
            case Approval(answer=Statement() as answer) if answer.step in self.pending:
                self.pending[answer.step].answers[answer.approver] = answer
            case StepStart(step=step, role="check" | "run") | Skip(step=step, kind="done") if step in self.pending:
                self.pending[step].used = True
            case _:
                pass

    def _start(self, event: StepStart) -> None:
        track = self.track(event.step, event.item)
        track.open = True
        if event.role == "run":
            track.status, track.digest, track.attempts = "unknown", event.digest, event.attempt
            track.given_up = False
            track.verified, track.host = 0, event.host

    def _end(self, event: StepEnd) -> None:
        track = self.track(event.step, event.item)
        track.open = False
        key = (event.step, event.item)
        ok = event.outcome == "ok"
        match event.role:
            case "run":
                track.status = "done" if ok else "unknown" if event.outcome == "lost" else "failed"
                if event.outputs:
                    self.outputs.setdefault(event.step, {}).update(event.outputs)
                if ok:
                    self.order.pop(key, None)
                    self.order[key] = None
                    self._keep_state(event.blobs.get("state"), track.host)
            case "check" if not ok and track.status == "waiting":
                track.status = "failed"
            case "verify" if not ok:
                track.status = "failed"
            case "verify":
                track.verified += 1
            case "undo" if ok:
                track.status = "undone"
                self.order.pop(key, None)
            case _:
                pass

    def _keep_state(self, blob: Mapping[str, Any] | None, host: str | None) -> None:
        if blob is None:
            return
        if host is None:
            self.state_blob = blob
        else:
            self.away_blobs[host] = blob
