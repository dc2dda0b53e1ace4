"""Where an operator's requests go out and answers come in, each of them verified before it may count."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from recipe_runner.engine.approval import Errand, Pending
from recipe_runner.engine.events import Approval
from recipe_runner.engine.statement import Statement
from recipe_runner.errors import IncompleteError, RecipeError, VerificationError
from recipe_runner.journal.files import make_directory, open_regular, publish, reading, writing
from recipe_runner.journal.ledger import JOURNAL
from recipe_runner.journal.policy import Policy
from recipe_runner.journal.records.chain import head_of
from recipe_runner.journal.records.identity import Identity
from recipe_runner.journal.records.lines import LINE_CAP, Line, LineError, decode
from recipe_runner.journal.request import Sheet, load_answer
from recipe_runner.journal.signers.signature import form_fault, verify_signature
from recipe_runner.journal.signers.signer import Signer
from recipe_runner.journal.store.journal import Journal
from recipe_runner.sanitise import line as shown

REQUESTS = "requests"
INBOX = "approvals"
LIFETIME = timedelta(hours=24)
LEEWAY = timedelta(seconds=5)
"""So long before it expires a request counts as expired: what passes the gate is to begin, on record, in time."""


@dataclass(slots=True)
class Desk:
    """Serves the gates of one session.

    With a policy, it says who may approve; without one, anybody whose certificate the operator's keyring has. `given`
    are files named on the command line, looked at like those in the inbox.
    """

    journal: Journal
    signer: Signer
    policy: Policy | None = None
    lifetime: timedelta = LIFETIME
    given: Sequence[Path] = ()
    _seen: set[tuple[Path, int, int]] = field(default_factory=set)

    def expiry(self) -> str:
        """Say when a request that is made now expires."""
        return _moment(datetime.now(UTC) + self.lifetime)

    def open(self, pending: Pending) -> bool:
        """Say whether a request has not expired."""
        return _moment(datetime.now(UTC) + LEEWAY) <= pending.request.expires

    def ours(self, pending: Pending) -> bool:
        """Say whether a request was made by the person who seals now."""
        return Identity.of(decode(self._raw(pending)).fields["signer"]).primary == self.signer.primary

    def approving(self, pending: Pending) -> int:
        """Count the people whose approvals stand now; not those whose keys seal this run."""
        sealing = self._sealing()
        return sum(answer.decision == "approve" and person not in sealing for person, answer in pending.answers.items())

    def publish(self, pending: Pending, code: str) -> Errand:
        """Write the file of a request that has been recorded; raises IncompleteError."""
        raw = self._raw(pending)
        try:
            sheet = Sheet.of(raw, code)
        except LineError as error:
            raise IncompleteError.because(f"cannot ask for approvals: {error}") from error
        directory = self.journal.directory
        path = directory / REQUESTS / f"{sheet.line.n:04}-{sheet.event.step}.json"
        with writing(path):
            make_directory(path.parent)
            make_directory(directory / INBOX)
            publish(path, sheet.to_bytes())
        return Errand(path, directory / INBOX)

    def news(self) -> bool:
        """Say whether something has come in that `arrived` has not looked at yet."""
        return any(True for _ in self._unseen())

    def arrived(self, pending: Pending) -> tuple[list[Approval], list[str]]:
        """Return the good answers that have come in since the last look, and why others are none.

        Answers to earlier requests that still lie in the inbox are passed over.
        """
        good: dict[str, Approval] = {}
        refused: list[str] = []
        heads = {head_of(raw) for raw, line in self._lines() if line.type == "request"}
        for mark in list(self._unseen()):
            self._seen.add(mark)
            path = mark[0]
            try:
                said, approval = self._loaded(path)
                old = path not in self.given and said.head in heads - {head_of(self._raw(pending))}
                if old or said in pending.answers.values():
                    continue
                if said.approver in good:
                    raise VerificationError.because("it is a second answer by the same person")
                good[said.approver] = self._checked(pending, said, approval)
            except RecipeError as error:
                refused.append(f"`{shown(path.name)}`: {error}")
        return list(good.values()), refused

    def read(self, pending: Pending, path: str) -> Approval:
        """Return the answer in a file; raises RecipeError where it is not a good one to this request."""
        return self._checked(pending, *self._loaded(Path(path).expanduser()))

    def _loaded(self, path: Path) -> tuple[Statement, Approval]:
        file = load_answer(path)
        approval = Approval(stmt=file.stmt, sig=file.sig)
        try:
            return approval.statement, approval
        except ValueError as error:
            raise VerificationError.because(str(error)) from error

    def _checked(self, pending: Pending, said: Statement, approval: Approval) -> Approval:
        """Return the answer with the certificate it was checked by; raises RecipeError unless everything is right."""
        request = pending.request
        if not request.is_answered_by(said, head_of(self._raw(pending))):
            raise VerificationError.because("it answers another request", hint="hand over the request that is open now")
        if not self.open(pending):
            raise VerificationError.because(f"the request expired at {request.expires}", hint="ask again")
        if said.approver in self._sealing():
            raise VerificationError.because(f"`{said.approver}` seals this run, and four eyes are two people")
        if said.approver in pending.answers:
            raise VerificationError.because(f"`{said.approver}` has answered already")
        return self._vouched(said, approval, request.role)

    def _vouched(self, said: Statement, approval: Approval, role: str | None) -> Approval:
        if self.policy is not None and not self.policy.approves(said.approver, {role}):
            wanted = f" as `{role}`" if role else ""
            raise VerificationError.because(f"the policy does not let `{said.approver}` approve this{wanted}")
        try:
            by = Identity.of({"primary": said.approver, "signing": said.key})
        except LineError as error:
            raise VerificationError.because("it does not name its key by fingerprints") from error
        certificates = self.policy.certificates if self.policy else (self.signer.certificate(by.primary),)
        statement = approval.stmt.encode()
        if fault := form_fault(approval.sig, statement, signing=by.signing):
            raise VerificationError.because(fault)
        people = frozenset({by.primary})
        made = verify_signature(statement, approval.sig.encode(), certificates=certificates, primaries=people)
        if made.signing != by.signing:
            raise VerificationError.because(f"it is signed by `{made.signing}`, and names `{by.signing}`")
        if self.policy is not None:
            return approval
        (certificate,) = certificates
        return Approval(stmt=approval.stmt, sig=approval.sig, certificate=self.journal.keep(certificate))

    def _unseen(self) -> Iterator[tuple[Path, int, int]]:
        """Yield files that are new, with what tells when they change."""
        inbox = self.journal.directory / INBOX
        with reading(inbox):
            found = sorted(inbox.iterdir()) if inbox.exists() else []
            for path in (*self.given, *found):
                if path.name.startswith("."):
                    continue
                mark = path.stat() if path.exists() else None
                key = (path, mark.st_mtime_ns if mark else 0, mark.st_size if mark else 0)
                if key not in self._seen:
                    yield key

    def _raw(self, pending: Pending) -> bytes:
        """Return the raw line of the last request of a step; raises IncompleteError."""
        step = pending.request.step
        found = [raw for raw, line in self._lines() if line.type == "request" and line.fields["step"] == step]
        if not found:
            raise IncompleteError.because(f"the journal has no request for step `{step}`")
        return found[-1]

    def _sealing(self) -> frozenset[str]:
        """Return the primary keys that have sealed this run so far."""
        signers = (line.fields.get("signer") for _, line in self._lines())
        return frozenset(Identity.of(signer).primary for signer in signers if signer is not None)

    def _lines(self) -> Iterator[tuple[bytes, Line]]:
        """Yield the lines of the journal that name a signer: requests, and where sessions begin.

        The journal is this process's own, so its lines are whole and in canonical form.
        """
        path = self.journal.directory / JOURNAL
        with reading(path), open_regular(path) as file:
            for raw in iter(lambda: file.readline(LINE_CAP + 1), b""):
                if b'"signer":' in raw:
                    yield raw, decode(raw)


def _moment(when: datetime) -> str:
    return f"{when:%Y-%m-%dT%H:%M:%S.%fZ}"
