"""The witnesses of a session: each is called from a thread of its own, so that no step waits for a slow one."""

from __future__ import annotations

import hashlib
import queue
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Self

from recipe_runner.engine.events import Witnessed
from recipe_runner.errors import Diagnostic, RecipeError, UnmetError
from recipe_runner.journal.witness.head import Head, Moment
from recipe_runner.journal.witness.table import LEDGER, WITNESSES, Appointed
from recipe_runner.sanitise import line

if TYPE_CHECKING:
    from recipe_runner.journal.witness.base import TrustedWitness

LIMIT_SECONDS = 20.0
"""How long a witness may take for one head before it counts as absent."""

DETAIL_CAP = 500
"""Characters of a failure's reason that are recorded."""

Answer = tuple[Appointed, Head, bytes | Exception]


@dataclass(slots=True)
class Attendance:
    """Tells witnesses of heads and collects their receipts; the threads are daemons and die with the process."""

    witnesses: Sequence[Appointed] = ()
    demanded: Sequence[TrustedWitness] = ()
    limit: float = LIMIT_SECONDS
    _answers: queue.SimpleQueue[Answer] = field(default_factory=queue.SimpleQueue)
    _called: dict[tuple[Appointed, Head], float] = field(default_factory=dict)

    @classmethod
    def of(cls, named: Sequence[Appointed], trusted: Sequence[TrustedWitness]) -> Self:
        """Call those that are named and, of kinds that are not, those that a policy knows the address of.

        Raises UnmetError where the policy demands a witness that nobody has named.
        """
        kinds = {appointed.kind for appointed in named}
        known = [Appointed.at(t.kind, t.address) for t in trusted if t.address and t.kind not in {*kinds, LEDGER}]
        demanded = [witness for witness in trusted if witness.required and witness.kind != LEDGER]
        missing = {witness.kind for witness in demanded} - kinds - {appointed.kind for appointed in known}
        if missing:
            raise UnmetError(
                *(
                    Diagnostic(f"the policy demands a witness `{kind}`", hint=f"add --witness {kind}=ADDRESS")
                    for kind in sorted(missing)
                )
            )
        return cls([*named, *known], demanded)

    def lacks(self, moment: Moment, run: Path, head: Head) -> str:
        """Say which demanded witnesses do not vouch for a head that was to be attested; nothing if all do."""
        wanted = [witness for witness in self.demanded if moment in witness.required]
        if not wanted:
            return ""
        from recipe_runner.journal.witness.testimony import absent  # noqa: PLC0415 - most runs start without

        kinds = ", ".join(f"`{witness.kind}`" for witness in absent(run, wanted, head))
        return f"the policy demands that {kinds} vouches for the {moment}, and it does not" if kinds else ""

    def call(self, head: Head) -> None:
        """Tell every witness of a head, without waiting."""
        for appointed in self.witnesses:
            self._called[appointed, head] = time.monotonic() + self.limit
            name = f"witness-{appointed.kind}"
            threading.Thread(target=self._ask, args=(appointed, head), name=name, daemon=True).start()

    def arrived(self, run: Path) -> Iterator[Witnessed]:
        """Yield what has come of calls by now, receipts stored in the run's directory."""
        while (answer := self._next(0.0)) is not None:
            yield _entered(run, *answer)
        yield from self._absent()

    def awaited(self, run: Path) -> Iterator[Witnessed]:
        """Yield what comes of every call, waiting for each until its limit is over."""
        while self._called:
            answer = self._next(max(0.0, min(self._called.values()) - time.monotonic()))
            if answer is not None:
                yield _entered(run, *answer)
            yield from self._absent()

    def _ask(self, appointed: Appointed, head: Head) -> None:
        try:
            self._answers.put((appointed, head, appointed.witness.attest(appointed.address, head, self.limit)))
        except Exception as error:  # noqa: BLE001 - whatever a plug-in does, the run goes on and says so
            self._answers.put((appointed, head, error))

    def _next(self, patience: float) -> Answer | None:
        """Return the next answer to a call that somebody still waits for."""
        while True:
            try:
                answer = self._answers.get(timeout=patience) if patience else self._answers.get_nowait()
            except queue.Empty:
                return None
            if self._called.pop(answer[:2], None) is not None:
                return answer

    def _absent(self) -> Iterator[Witnessed]:
        now = time.monotonic()
        for appointed, head in [call for call, deadline in self._called.items() if deadline <= now]:
            del self._called[appointed, head]
            yield _failed(appointed, head, f"no answer within {self.limit:g} s")


def _entered(run: Path, appointed: Appointed, head: Head, answer: bytes | Exception) -> Witnessed:
    from recipe_runner.journal.witness import receipts  # noqa: PLC0415 - most runs start without
    from recipe_runner.journal.witness.base import Receipt  # noqa: PLC0415

    if isinstance(answer, RecipeError):
        return _failed(appointed, head, "; ".join(fault.message for fault in answer.diagnostics))
    if isinstance(answer, Exception):
        return _failed(appointed, head, f"{type(answer).__name__}: {answer}")
    if len(answer) > receipts.RECEIPT_CAP:
        return _failed(appointed, head, f"its receipt has more than {receipts.RECEIPT_CAP} bytes")
    receipt = Receipt(appointed.kind, head.records, answer)
    try:
        name = receipts.keep(run, receipt, appointed.witness.suffix)
    except OSError as error:
        return _failed(appointed, head, f"its receipt could not be stored: {error.strerror}")
    return Witnessed(
        kind=appointed.kind,
        address=appointed.address,
        supplier=WITNESSES.supplier(appointed.kind),
        records=head.records,
        outcome="attested",
        receipt={"file": name, "sha256": hashlib.sha256(answer).hexdigest(), "size": len(answer)},
    )


def _failed(appointed: Appointed, head: Head, why: str) -> Witnessed:
    return Witnessed(
        kind=appointed.kind,
        address=appointed.address,
        supplier=WITNESSES.supplier(appointed.kind),
        records=head.records,
        outcome="failed",
        detail=line(why)[:DETAIL_CAP],
    )
