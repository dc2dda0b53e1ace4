"""Verifying a run's directory: the journal streamed through `examine`, seals checked side by side, blobs hashed."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from recipe_runner.gpgv import Signature
from recipe_runner.journal.files import open_regular, reading
from recipe_runner.journal.ledger import JOURNAL, Ledger
from recipe_runner.journal.policy import Policy
from recipe_runner.journal.records.lines import LINE_CAP
from recipe_runner.journal.records.seal import Seal
from recipe_runner.journal.signers.signature import verify_signature
from recipe_runner.journal.store.blobs import DIRECTORY
from recipe_runner.journal.store.recovery import SET_ASIDE
from recipe_runner.journal.verification.examine import examine
from recipe_runner.journal.verification.hearing import hear
from recipe_runner.journal.verification.opinions import Opinions
from recipe_runner.journal.verification.verdict import Doubt, Report, Verdict
from recipe_runner.journal.witness.inquiry import Inquiry

CHUNK = 1 << 20
AHEAD = 64
"""Seals that are being checked, or wait for it, at any time."""


def verify(
    directory: Path,
    policy: Policy,
    ledger: Ledger | None = None,
    *,
    second_opinion: bool = False,
    inquiry: Inquiry | None = None,
) -> Report:
    """Judge a run; nothing is believed because it stands in the run's directory.

    `ledger` holds the runs that may vouch for this one; by default those beside it. With `second_opinion`, a
    signature is good only if `sqv` agrees with `gpgv`. Runs that are verified in one `inquiry` share what is asked of
    witnesses. Raises UsageError where the journal cannot be read, UnmetError
    where a program that judges is missing.
    """
    judge = _Judge(policy, Opinions() if second_opinion else None)
    with (
        reading(directory),
        open_regular(directory / JOURNAL) as file,
        ThreadPoolExecutor(max_workers=os.cpu_count()) as pool,
    ):
        lines = iter(functools.partial(file.readline, LINE_CAP + 1), b"")
        each = functools.partial(_side_by_side, pool)
        examined = examine(lines, policy, judge.check, directory_name=directory.absolute().name, each=each)
    beside = ledger or Ledger.read(directory.absolute().parent)
    with contextlib.nullcontext(inquiry) if inquiry else Inquiry() as asking:
        heard = hear(directory, policy.witnesses, examined.extent, beside, judge.sealed, asking)
    doubts = [
        *examined.doubts,
        *heard.doubts,
        *_files(directory / DIRECTORY, "", examined.named.blobs),
        *_files(directory, SET_ASIDE, examined.named.set_aside),
        *_receipts(directory, examined.named.receipts),
    ]
    time = "RFC 3161" if heard.time_is_proven else examined.facts.trusted_time
    words = judge.opinions.in_words() if judge.opinions else ""
    facts = replace(
        examined.facts,
        trusted_time=time,
        witnesses=heard.attestations,
        before=heard.before,
        second_opinion=words,
    )
    return Report.of(doubts, facts)


@dataclass(frozen=True, slots=True)
class _Judge:
    """Judges signatures by a policy's certificates."""

    policy: Policy
    opinions: Opinions | None

    def check(self, seal: Seal) -> Signature:
        """Judge a signature by those who may make it."""
        people = self.policy.primaries if seal.purpose == "seal" else self.policy.approvers
        return self._made(seal.statement, seal.signature, people)

    def sealed(self, statement: bytes, signature: bytes) -> Signature:
        """Judge a signature by those who may seal."""
        return self._made(statement, signature, self.policy.primaries)

    def _made(self, statement: bytes, signature: bytes, people: frozenset[str]) -> Signature:
        certificates = self.policy.certificates
        made = verify_signature(statement, signature, certificates=certificates, primaries=people)
        if self.opinions:
            self.opinions.ask(made, statement, signature, certificates)
        return made


def _side_by_side(
    pool: Executor, function: Callable[[tuple[int, Seal]], Any], items: Iterable[tuple[int, Seal]]
) -> Iterator[Any]:
    """Map in order like `Executor.map`, but take no more items at a time than will soon be worked on."""
    waiting: deque[Future[Any]] = deque()
    for item in items:
        waiting.append(pool.submit(function, item))
        if len(waiting) >= AHEAD:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()


def _files(directory: Path, prefix: str, named: Mapping[str, tuple[int, int]]) -> Iterator[Doubt]:
    """Yield a doubt for each named file that is not there with exactly the bytes that were named."""
    for sha256, (size, record) in named.items():
        fault = _file_fault(directory / f"{prefix}{sha256}", sha256, size)
        if fault:
            yield Doubt(Verdict.INVALID, f"{fault}: {prefix}{sha256}", record)


def _receipts(directory: Path, named: Mapping[str, tuple[str, int, int]]) -> Iterator[Doubt]:
    for name, (sha256, size, record) in named.items():
        if fault := _file_fault(directory / name, sha256, size):
            yield Doubt(Verdict.INVALID, f"{fault}: {name}", record)


def _file_fault(path: Path, sha256: str, size: int) -> str | None:
    digest = hashlib.sha256()
    try:
        with open_regular(path) as file:
            found = os.fstat(file.fileno()).st_size
            if found != size:
                return f"a file of the run has {found} bytes, the journal says {size}"
            while chunk := file.read(CHUNK):
                digest.update(chunk)
    except OSError as error:
        return f"a file of the run cannot be read ({error.strerror})"
    return None if digest.hexdigest() == sha256 else "a file of the run has been changed"
