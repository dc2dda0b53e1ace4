"""How a run is sealed: which records a seal must follow, and how soon. Decided at its beginning, by `genesis`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Literal

from msgspec import Struct

from recipe_runner.errors import UsageError
from recipe_runner.journal.records.lines import LineError
from recipe_runner.sanitise import line

UNSEALED = frozenset({"precondition", "seal"})
"""Types that need no seal of their own: an observation is covered by the next seal."""
ALWAYS = frozenset({"genesis", "recover", "resume", "request", "approval", "abort", "close"})
"""Types that are sealed at once even where checkpoints are far apart."""
GATED = frozenset({"step_start", "step_end"})
Due = Literal["none", "soon", "now"]
"""Whether the next record must be a seal; `soon` if it may be an intent instead, since the seal of that covers both."""
STEPS, MINUTES = 10, 15
LARGEST = 10_000
MINUTE = 60_000_000_000


class Sealing(Struct, frozen=True):
    """`every` record, at `checkpoint`s, or none (an unsigned run).

    `gates` are points of no return, and steps that need approvals: their intents and results have seals of their own.
    With `every`, the result of any other step may share the seal of the intent that follows it at once. A checkpoint is
    each record of ALWAYS, intent and result of each of the `gates`, the `steps`-th result since the last seal, and what
    comes `minutes` or more after it.
    """

    mode: Literal["every", "checkpoint", "none"]
    steps: int = 0
    minutes: int = 0
    gates: frozenset[str] = frozenset()

    @classmethod
    def of(cls, field: Any) -> Sealing:  # noqa: ANN401 - any JSON value
        """Read the field `sealing` of `genesis`; raises LineError."""
        match field:
            case "every" | "none" as mode:
                return cls(mode)
            case {"gates": [*gates], **more} if gates and not more and _named(gates):
                return cls("every", gates=frozenset(gates))
            case {"steps": int() as steps, "minutes": int() as minutes, "gates": [*gates], **more} if not more:
                if _named(gates) and all(type(n) is int and 1 <= n <= LARGEST for n in (steps, minutes)):
                    return cls("checkpoint", steps, minutes, frozenset(gates))
        raise LineError("`sealing` is not `every`, `none`, or what makes a checkpoint")

    @classmethod
    def read(cls, text: str, gates: Iterable[str] = ()) -> Sealing:
        """Read what a person writes: `every`, `checkpoint`, or `checkpoint:STEPS,MINUTES`; raises UsageError."""
        if text == "every":
            return cls("every", gates=frozenset(gates))
        found = re.fullmatch(r"checkpoint(?::([1-9]\d{0,3}),([1-9]\d{0,3}))?", text, re.ASCII)
        if found is None:
            raise UsageError.because(
                f"`{line(text)}` is no way to seal a run", hint="write every, checkpoint, or checkpoint:STEPS,MINUTES"
            )
        steps, minutes = (int(found[1]), int(found[2])) if found[1] else (STEPS, MINUTES)
        return cls("checkpoint", steps, minutes, frozenset(gates))

    def to_field(self) -> Any:  # noqa: ANN401 - JSON
        """Return the field `sealing` of `genesis`."""
        match self.mode:
            case "checkpoint":
                return {"steps": self.steps, "minutes": self.minutes, "gates": sorted(self.gates)}
            case "every" if self.gates:
                return {"gates": sorted(self.gates)}
            case mode:
                return mode


EVERY, NONE = Sealing("every"), Sealing("none")


class Cadence(Struct):
    """The fold over a journal's lines that says which of them a seal must follow; `due` is what the last one wants."""

    sealing: Sealing
    ended: int = 0
    since: int = 0
    due: Due = "none"

    def allows(self, type_name: str, step: object) -> bool:
        """Say whether a line may be the next one; `step` is its field of that name, if any."""
        if self.due == "soon" and type_name == "step_start":
            return not self._gated(step)
        return self.due == "none" or type_name == "seal"

    def take(self, type_name: str, step: object, mono_ns: int) -> None:
        """Take a line in."""
        if type_name == "seal":
            self.ended, self.since = 0, mono_ns
        if self.sealing.mode == "none" or type_name in UNSEALED:
            self.due = "none"
        elif self.sealing.mode == "every":
            self.due = "soon" if type_name == "step_end" and not self._gated(step) else "now"
        else:
            self.ended += type_name == "step_end"
            checkpoint = (
                type_name in ALWAYS
                or (type_name in GATED and self._gated(step))
                or self.ended >= self.sealing.steps
                or mono_ns - self.since >= self.sealing.minutes * MINUTE
            )
            self.due = "now" if checkpoint else "none"

    def copy(self) -> Cadence:
        """Return an independent fold that has come as far."""
        return Cadence(self.sealing, self.ended, self.since, self.due)

    def _gated(self, step: object) -> bool:
        return isinstance(step, str) and step in self.sealing.gates


def _named(gates: list[Any]) -> bool:
    return all(isinstance(gate, str) for gate in gates) and gates == sorted(set(gates))
