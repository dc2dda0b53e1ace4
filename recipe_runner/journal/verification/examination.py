"""What the records of a journal say, line after line: their order, their seals, their people, where they end. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from recipe_runner.engine.events import (
    Approval,
    Close,
    Genesis,
    Recorded,
    Recover,
    Request,
    Resume,
)
from recipe_runner.journal.ledger import Link
from recipe_runner.journal.policy import Policy
from recipe_runner.journal.records import forms
from recipe_runner.journal.records.chain import Chain, head_of
from recipe_runner.journal.records.identity import Identity
from recipe_runner.journal.records.lines import LINE_CAP, Envelope, Line, LineError, decode
from recipe_runner.journal.records.schema import event_of
from recipe_runner.journal.records.seal import Seal, statement
from recipe_runner.journal.records.sealing import EVERY, NONE, Cadence, Sealing
from recipe_runner.journal.signers.signature import form_fault
from recipe_runner.journal.verification.gates import Gates
from recipe_runner.journal.verification.named import Named
from recipe_runner.journal.verification.verdict import Doubt, Facts, Verdict
from recipe_runner.journal.witness.head import Extent, Moment

RECORD_CAP = 1_000_000


@dataclass(slots=True)
class Examination:
    """The fold over the lines of one journal; `directory_name` is that of the directory it lies in."""

    policy: Policy
    directory_name: str
    gates: Gates
    chain: Chain = field(default_factory=Chain)
    doubts: list[Doubt] = field(default_factory=list)
    named: Named = field(default_factory=Named)
    genesis: Genesis | None = None
    previous: Link | None = None
    first_step: int | None = None
    close: Close | None = None
    cadence: Cadence = field(default_factory=lambda: Cadence(EVERY))
    signer: Identity | None = None
    last: str = ""
    broken: bool = False
    torn: bool = False
    sealed: int = 0
    seal_count: int = 0
    sessions: int = 1
    sealers: dict[Identity, None] = field(default_factory=dict)
    answers: set[int] = field(default_factory=set)
    people: frozenset[str] = frozenset()
    running: set[tuple[str, str | None, str]] = field(default_factory=set)

    def seals(self, lines: Iterable[bytes]) -> Iterator[tuple[int, Seal]]:
        """Take the lines in; yield each seal whose signature is to be checked, with its record number."""
        for raw in lines:
            number = self.chain.records
            try:
                seal = self._line(raw)
            except LineError as error:
                self.broken = True
                self.doubts.append(Doubt(Verdict.INVALID, str(error), number))
                return
            if self.torn:
                return
            self.chain.extend(raw)
            if seal and seal.purpose == "seal":
                self.sealed = self.chain.records
                self.seal_count += 1
            if seal:
                yield number, seal

    def _line(self, raw: bytes) -> Seal | None:
        if not raw.endswith(b"\n") and len(raw) <= LINE_CAP:
            self.torn = True
            return None
        if self.chain.records >= RECORD_CAP:
            raise LineError(f"there are more than {RECORD_CAP} records")
        line: Envelope | None = forms.read(raw, self.chain.records, self.chain.head)
        event: Any = line
        step: object = getattr(line, "step", None)
        if line is None:
            line = decode(raw)
            self.chain.check(line)
            step = line.fields.get("step")
        if (line.n == 0) != (line.type == "genesis"):
            raise LineError("`genesis` is the first record and no other")
        if not self.cadence.allows(line.type, step):
            raise LineError(f"the `{self.last}` before it has no seal")
        if self.close and not (line.type == "seal" and self.last == "close"):
            raise LineError("the run was over before this record")
        signed: Seal | None = None
        if isinstance(line, Line):
            event = event_of(line) if line.type != "seal" else None
            signed = self._rare(event, line, raw) if event else self._seal(line)
        if event is not None:
            self._event(event, line)
        self.cadence.take(line.type, step, int(line.mono_ns))
        self.last = line.type
        return signed

    def _seal(self, line: Line) -> Seal:
        if self.genesis is None or self.signer is None or self.last == "seal":
            raise LineError("a seal where none belongs")
        said = statement(self.genesis.run, self.chain, why=self.last, ts=line.ts, mono_ns=line.mono_ns)
        signature = line.fields.get("sig")
        if line.fields != {"stmt": said, "sig": signature} or not isinstance(signature, str):
            raise LineError("the seal does not say what stands before it")
        if fault := form_fault(signature, said.encode(), signing=self.signer.signing):
            raise LineError(fault)
        return Seal(said.encode(), signature.encode(), self.signer)

    def _event(self, event: Any, line: Envelope) -> None:  # noqa: ANN401 - an event or its twin
        match line.type:
            case "step_start":
                self._doubt(self.gates.start(event, line.ts, self.people), line.n)
                self.running.add((event.step, event.item, event.role))
                self.first_step = line.n if self.first_step is None else self.first_step
            case "step_end":
                if (event.step, event.item, event.role) not in self.running:
                    raise LineError(f"step `{event.step}` ends without having begun")
                self.running.discard((event.step, event.item, event.role))
                for entry in event.blobs.values():
                    self.named.blob(entry, line.n)
            case "skip":
                self._doubt(self.gates.skip(event, line.ts, self.people), line.n)
            case "witness" if event.receipt:
                self.named.receipt(event.receipt, line.n)
            case "close":
                self.close = event
            case _:
                pass

    def _rare(self, event: Recorded, line: Line, raw: bytes) -> Seal | None:
        """Take in what is never an ordinary line; returns the signature of an approval."""
        match event:
            case Genesis() | Resume():
                self._session(event, line)
            case Recover():
                self._session(event, line)
                self.named.tail(event, line.n)
            case Request():
                self.gates.request(event, line, head_of(raw), self.signer)
            case Approval():
                if event.certificate is not None:
                    self.named.blob(event.certificate, line.n)
                return self.gates.answer(event, line, self.people)
            case _:
                pass
        return None

    def _doubt(self, faults: Iterable[str], record: int) -> None:
        for fault in faults:
            self.doubts.append(Doubt(Verdict.UNTRUSTED, fault, record))

    def _session(self, event: Genesis | Recover | Resume, line: Line) -> None:
        if isinstance(event, Genesis):
            self.genesis = event
            self.cadence = Cadence(Sealing.of(line.fields["sealing"]))
            self.previous = Link.of(line.fields["prev_run"])
        if isinstance(event, Resume):
            self.sessions += 1
        self.signer = Identity.of(line.fields["signer"]) if self.cadence.sealing != NONE else None
        self.gates.signer = self.signer.primary if self.signer else ""
        if self.signer:
            self.people |= {self.signer.primary}
        elif line.fields["signer"] is not None:
            raise LineError("an unsigned run names a signer")
        if isinstance(event, Genesis | Resume):
            self.gates.session(event)

    def prove(self, number: int, seal: Seal) -> None:
        """Take in that a signature is good: only such ones count for what is said of people."""
        if seal.purpose == "seal":
            self.sealers[seal.by] = None
        else:
            self.answers.add(number)

    def end(self) -> None:
        """Add the doubts that only the end of the journal brings."""
        if not self.broken:
            self.doubts += [Doubt(Verdict.INCOMPLETE, text) for text in self._gaps()]
        if self.genesis:
            self.doubts += [Doubt(Verdict.UNTRUSTED, text) for text in self._mistrust(self.genesis)]
            if len(self.directory_name) == len(self.genesis.run) and self.directory_name != self.genesis.run:
                text = f"the directory is that of run {self.directory_name}, the journal that of {self.genesis.run}"
                self.doubts.append(Doubt(Verdict.INVALID, text, 0))

    def _gaps(self) -> Iterator[str]:
        if self.torn:
            yield f"the last line, record {self.chain.records}, is torn"
        if self.close is None:
            yield "the run is not closed: it goes on, was left, or its end was cut off"
        if self.cadence.sealing != NONE and self.sealed < self.chain.records:
            yield f"no seal covers the records from {self.sealed} on"

    def _mistrust(self, genesis: Genesis) -> Iterator[str]:
        if self.cadence.sealing == NONE:
            yield "the run is unsigned (`--no-sign`)"
        yield from self.policy.objections(genesis)

    def extent(self) -> Extent:
        """Return how far the journal goes."""
        begun = 1 if self.cadence.sealing == NONE else 2
        acts = self.chain.records if self.first_step is None else self.first_step
        moments: dict[Moment, range] = {"genesis": range(begun, acts + 1)} if self.chain.records >= begun else {}
        if self.close and (self.cadence.sealing == NONE or self.sealed == self.chain.records):
            moments["close"] = range(self.chain.records, self.chain.records + 1)
        run = self.genesis.run if self.genesis else ""
        named = {name: record for name, (_, _, record) in self.named.receipts.items()}
        return Extent(run, self.chain.records, self.chain.head, moments, self.previous, named)

    def facts(self) -> Facts:
        """Return what the journal says of its run."""
        recipe: dict[str, Any] = self.genesis.recipe if self.genesis else {}
        given = tuple(answer for answer in self.gates.given if answer.record in self.answers)
        return Facts(
            run=self.genesis.run if self.genesis else "",
            recipe=str(recipe.get("name", "")),
            recipe_sha256=str(recipe.get("sha256", "")),
            outcome=self.close.outcome if self.close else "",
            signers=tuple(dict.fromkeys(i.primary for i in self.sealers)),
            signing_keys=tuple(dict.fromkeys(i.signing for i in self.sealers)),
            records=self.chain.records,
            seals=self.seal_count,
            sessions=self.sessions,
            set_aside=len(self.named.set_aside),
            approvals=given,
            trusted_time="approver" if given else "none",
        )
