"""What an existing journal holds for a runner that goes on with it. Pure: raw lines in, facts out.

A record counts when a seal stands behind it. What stands behind the last seal (a torn line, a line that somebody
without the key has added) is handed back to be set aside; in an unsigned run only a torn line is. Where each record is
sealed it has been acted upon by nobody; with checkpoints, a step may have begun there. Whether the last seal's
signature is good is for the caller to find out: it vouches for every byte before it.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct, field

from recipe_runner.engine.events import Genesis, Recorded
from recipe_runner.errors import VerificationError
from recipe_runner.journal.records.chain import Chain
from recipe_runner.journal.records.identity import Identity
from recipe_runner.journal.records.lines import Line, LineError, decode
from recipe_runner.journal.records.schema import event_of
from recipe_runner.journal.records.seal import Seal, statement
from recipe_runner.journal.records.sealing import EVERY, NONE, Cadence, Sealing
from recipe_runner.journal.signers.signature import form_fault


class Survey(Struct, frozen=True):
    """A journal as far as it counts; `tail` are the bytes behind that."""

    chain: Chain
    past: tuple[Recorded, ...]
    run: str
    cadence: Cadence
    signer: Identity | None
    seal: Seal | None
    tail: bytes


def survey(lines: Iterable[bytes]) -> Survey:
    """Read raw lines; raises VerificationError where the journal is damaged before its end."""
    reading = _Reading()
    tail: list[bytes] = []
    counts: Survey | None = None
    for raw in lines:
        tail.append(raw)
        if not raw.endswith(b"\n"):
            break
        try:
            line = decode(raw)
            reading.chain.check(line)
            reading.take(line)
        except LineError as error:
            raise VerificationError.because(
                f"the journal is damaged at record {reading.chain.records}: {error}",
                hint="see what `recipe verify` says; this run cannot go on",
            ) from error
        reading.chain.extend(raw)
        if line.type == "seal" or reading.cadence.sealing == NONE:
            counts = reading.so_far()
            tail.clear()
    if counts is None:
        raise VerificationError.because(
            "the journal has no whole first record", hint="start a new run with `recipe run`"
        )
    past = tuple(reading.past[: reading.counted])
    return Survey(counts.chain, past, counts.run, counts.cadence, counts.signer, counts.seal, b"".join(tail))


class _Reading(Struct):
    chain: Chain = field(default_factory=Chain)
    past: list[Recorded] = []
    counted: int = 0
    run: str = ""
    cadence: Cadence = field(default_factory=lambda: Cadence(EVERY))
    signer: Identity | None = None
    seal: Seal | None = None

    def so_far(self) -> Survey:
        self.counted = len(self.past)
        return Survey(self.chain.copy(), (), self.run, self.cadence.copy(), self.signer, self.seal, b"")

    def take(self, line: Line) -> None:
        if line.type == "seal":
            self._seal(line)
            self.cadence.take("seal", None, int(line.mono_ns))
            return
        event = event_of(line)
        if isinstance(event, Genesis) != (line.n == 0):
            raise LineError("`genesis` is the first record and no other")
        if isinstance(event, Genesis):
            self.run = event.run
            self.cadence = Cadence(Sealing.of(line.fields.get("sealing")))
        if line.fields.get("signer") is not None:
            self.signer = Identity.of(line.fields["signer"])
        self.cadence.take(line.type, line.fields.get("step"), int(line.mono_ns))
        self.past.append(event)

    def _seal(self, line: Line) -> None:
        if self.signer is None or not self.past:
            raise LineError("a seal without a signer")
        wanted = statement(self.run, self.chain, why=self.past[-1].type, ts=line.ts, mono_ns=line.mono_ns)
        signature = line.fields.get("sig")
        if line.fields != {"stmt": wanted, "sig": signature} or not isinstance(signature, str):
            raise LineError("the seal does not say what stands before it")
        fault = form_fault(signature, wanted.encode(), signing=self.signer.signing)
        if fault:
            raise LineError(fault)
        self.seal = Seal(wanted.encode(), signature.encode(), self.signer)
