"""The journal of a run while it is written: one writer, and nothing acknowledged before it is durable and sealed."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from msgspec.structs import replace

from recipe_runner.durable import sync_directory
from recipe_runner.engine.events import (
    Abort,
    Close,
    Event,
    Genesis,
    Output,
    Recorded,
    Request,
    Resting,
    Resume,
    StepEnd,
    Ticking,
    Waiting,
    to_record,
)
from recipe_runner.errors import IncompleteError, RecipeError, UnmetError, UsageError
from recipe_runner.journal.files import (
    DIRECTORY_MODE,
    beginning,
    create,
    make_directory,
    open_to_append,
    reading,
    reserve,
    writing,
)
from recipe_runner.journal.ledger import JOURNAL, newest_head
from recipe_runner.journal.records.chain import Chain
from recipe_runner.journal.records.sealing import EVERY, NONE, Cadence, Sealing
from recipe_runner.journal.signers.signer import Signer
from recipe_runner.journal.store import recovery
from recipe_runner.journal.store.blobs import Attempt, blob_directory, keep, read_blob
from recipe_runner.journal.store.lock import RunLock
from recipe_runner.journal.store.survey import Survey
from recipe_runner.journal.store.writer import Writer
from recipe_runner.journal.witness.head import Head

if TYPE_CHECKING:
    from recipe_runner.journal.policy import Policy

RESERVE = "reserve"
RESERVE_BYTES = 64 * 1024
"""Held back so that a full disk still has room for the `abort` line and its seal."""


class Journal:
    """Writes events down; not for use by several threads.

    `past` holds the events that were there when the journal was made or opened, for `History.of`.
    """

    def __init__(self, directory: Path, lock: RunLock, writer: Writer, past: list[Recorded]) -> None:
        self.directory = directory
        self.past = past
        self._lock = lock
        self._writer = writer
        self._attempts: dict[tuple[str, str | None], Attempt] = {}
        self._stopped: str | None = None

    @classmethod
    def create(
        cls,
        directory: Path,
        genesis: Genesis,
        signer: Signer | None,
        documents: Iterable[bytes] = (),
        *,
        sealing: Sealing = EVERY,
    ) -> Journal:
        """Begin a run in a new directory, which appears with its sealed first record in it or not at all.

        `documents` are those that `genesis` names by their sha256: the recipe and what it includes. Without a signer
        the journal has no seals and says so. Raises UsageError where `directory` exists,
        IncompleteError where it cannot be made.
        """
        if directory.exists():
            raise UsageError.because(f"`{directory}` is there already", hint="each run needs a directory of its own")
        growing = directory.with_name(f".{directory.name}.{os.getpid()}")
        with contextlib.ExitStack() as undo:
            with beginning(directory):
                make_directory(directory.parent)
                growing.mkdir(DIRECTORY_MODE)
                undo.callback(shutil.rmtree, growing, ignore_errors=True)
                lock = RunLock(growing)
                undo.callback(lock.release)
                descriptor = create(growing / JOURNAL)
                undo.callback(os.close, descriptor)
                reserve(growing / RESERVE, RESERVE_BYTES)
                blobs = blob_directory(growing)
                for data in documents:
                    keep(blobs, data)
            sealing = sealing if signer else NONE
            writer = Writer(descriptor, Chain(), run=genesis.run, cadence=Cadence(sealing), signer=signer)
            journal = cls(growing, lock, writer, [genesis])
            journal._append(genesis, signed=True, sealing=sealing.to_field(), prev_run=newest_head(directory.parent))
            with beginning(directory):
                sync_directory(growing)
                growing.rename(directory)
                sync_directory(directory.parent)
            undo.pop_all()
        journal.directory = directory
        return journal

    @classmethod
    def reopen(
        cls, directory: Path, signer: Callable[[str | None], Signer | None], policy: Policy | None = None
    ) -> Journal:
        """Go on with a run: lock it, check it, set aside what no seal covers, and record that.

        `signer` is called with the fingerprint of the key that sealed so far (None for an unsigned run); where a policy
        names that key, its certificate is the policy's. A run that is over is opened as it is; nothing can be recorded
        in it. Raises UsageError where there is no journal, UnmetError where another runner has it, it may only be read,
        or the key to check or to go on with is missing, VerificationError where the journal is damaged.
        """
        with reading(directory), contextlib.ExitStack() as undo:
            descriptor = open_to_append(directory / JOURNAL)
            undo.callback(os.close, descriptor)
            lock = RunLock(directory)
            undo.callback(lock.release)
            found = recovery.read(directory, descriptor)
            key = signer(found.signer.signing if found.signer else None)
            if found.cadence.sealing != NONE and key is None:
                raise UnmetError.because("the run is sealed, so it goes on with a key only", hint="give --key KEY")
            recovery.check_last_seal(found, key, policy)
            writer = Writer(descriptor, found.chain, run=found.run, cadence=found.cadence, signer=key)
            journal = cls(directory, lock, writer, list(found.past))
            if isinstance(found.past[-1], Close):
                journal._stopped = "the run is over"
            else:
                journal._recover(descriptor, found)
            undo.pop_all()
        return journal

    @property
    def signed_by(self) -> str | None:
        """Fingerprint of the primary key that seals now, or None for an unsigned run."""
        return self._writer.identity.primary if self._writer.identity else None

    @property
    def head(self) -> Head:
        """How far the journal has come; all of it is durable."""
        return self._writer.head

    @property
    def signer(self) -> Signer | None:
        """Who seals now, or None for an unsigned run."""
        return self._writer.signer

    def record(self, event: Event) -> None:
        """Write an event down and seal it where it must be; durable when this returns, unless the journal then `owes`.

        That it does for the result of a step, since the intent of the next one may follow at once and one seal cover
        both. Before every other event, a rest too, what is owed is sealed. Output goes into the blobs of its attempt;
        what is only shown is ignored. Raises IncompleteError where the system refuses to write (the journal then ends
        with an `abort`, if there is any room left for one) or the key to sign (nothing is written then).
        """
        if self._stopped:
            raise IncompleteError.because(self._stopped)
        match event:
            case Waiting() | Ticking():
                pass
            case Resting():
                self.settle()
            case Output():
                with self._or_abort():
                    self._attempt(event.step, event.item).write(event)
            case StepEnd():
                self._append(replace(event, blobs=self._committed(event.step, event.item)))
            case _:
                self._append(event, signed=isinstance(event, Resume | Request))

    @property
    def owes(self) -> bool:
        """Say whether what was recorded last is not sealed yet; nobody is to rely on it before it is."""
        return self._writer.owes

    def settle(self) -> None:
        """Seal what is owed a seal; raises IncompleteError as `record` does."""
        if self._writer.owes and not self._stopped:
            settlement = self._writer.settlement()
            with self._or_abort():
                self._writer.write(settlement)

    def keep(self, data: bytes) -> dict[str, Any]:
        """Keep a document, such as the recipe, and return how an event names it; raises IncompleteError."""
        with writing(self.directory):
            keep(blob_directory(self.directory), data)
        return {"sha256": hashlib.sha256(data).hexdigest(), "size": len(data)}

    def blob(self, sha256: str) -> bytes:
        """Return the bytes of a named blob; raises VerificationError where they are not those."""
        return read_blob(self.directory, sha256)

    def close(self) -> None:
        """Let go of files and lock; the run itself is over only when a `Close` has been recorded."""
        for attempt in self._attempts.values():
            attempt.abandon()
        self._attempts.clear()
        self._writer.close()
        with contextlib.suppress(OSError):
            (self.directory / RESERVE).unlink(missing_ok=True)
        self._lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if not isinstance(error, IncompleteError):
                self.settle()
        finally:
            self.close()

    def _recover(self, descriptor: int, found: Survey) -> None:
        with writing(self.directory):
            recovery.set_tail_aside(self.directory, descriptor, found)
            reserve(self.directory / RESERVE, RESERVE_BYTES)
            blob_directory(self.directory)
        for recover in recovery.unrecorded(self.directory, found):
            self._append(recover, signed=True)
            self.past.append(recover)

    def _attempt(self, step: str, item: str | None) -> Attempt:
        if (step, item) not in self._attempts:
            self._attempts[step, item] = Attempt(blob_directory(self.directory))
        return self._attempts[step, item]

    def _committed(self, step: str, item: str | None) -> dict[str, dict[str, Any]]:
        """Make what an attempt wrote durable and name it; nothing for one that wrote nothing."""
        attempt = self._attempts.get((step, item))
        if attempt is None:
            return {}
        with self._or_abort():
            blobs = attempt.commit()
        del self._attempts[step, item]
        return blobs

    def _append(self, event: Recorded, *, signed: bool = False, **more: Any) -> None:  # noqa: ANN401 - JSON
        """Write an event; `signed` adds whose key seals from here on."""
        identity = self._writer.identity
        fields = to_record(event) | more | ({"signer": identity.to_field() if identity else None} if signed else {})
        prepared = self._writer.prepare(event.type, fields)
        with self._or_abort():
            self._writer.write(prepared)

    @contextmanager
    def _or_abort(self) -> Iterator[None]:
        """Run a part that writes; on a refusal give the reserve back, write `abort` if that helps, and stop."""
        try:
            with writing(self.directory):
                yield
        except IncompleteError as error:
            self._stopped = str(error)
            abort = Abort(reason=str(error))
            with contextlib.suppress(OSError, RecipeError):
                (self.directory / RESERVE).unlink(missing_ok=True)
                self._writer.write(self._writer.prepare(abort.type, to_record(abort)))
            raise
