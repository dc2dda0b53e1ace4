"""Opening a journal again: checking what counts, and setting aside what no seal covers without losing a byte of it."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recipe_runner.engine.events import Recover, StepStart, from_record, to_record
from recipe_runner.errors import RecipeError, VerificationError
from recipe_runner.journal.files import open_regular, publish, reading
from recipe_runner.journal.records.lines import LINE_CAP, LineError, decode
from recipe_runner.journal.records.sealing import Sealing
from recipe_runner.journal.signers.signature import verify_signature
from recipe_runner.journal.signers.signer import Signer
from recipe_runner.journal.store.survey import Survey, survey
from recipe_runner.sanitise import line

if TYPE_CHECKING:
    from recipe_runner.journal.policy import Policy

SET_ASIDE = "set-aside-"
"""Files so named hold a tail each; the rest of the name is the sha256 of their bytes."""


def read(directory: Path, descriptor: int) -> Survey:
    """Survey an open journal; raises VerificationError where it is damaged, UsageError where it cannot be read."""
    with reading(directory), os.fdopen(os.dup(descriptor), "rb") as file:
        return survey(iter(lambda: file.readline(LINE_CAP + 1), b""))


def check_last_seal(found: Survey, signer: Signer | None, policy: Policy | None = None) -> None:
    """Check the signature that vouches for all that counts.

    The certificate is the policy's, where that names the key, and else from the signer's keyring.
    Raises VerificationError where it is not good, UnmetError where the certificate is missing.
    """
    if found.seal is None or signer is None:
        return
    by = found.seal.by
    named = policy if policy and by.primary in policy.primaries else None
    made = verify_signature(
        found.seal.statement,
        found.seal.signature,
        certificates=named.certificates if named else [signer.certificate(by.primary)],
        primaries=frozenset({by.primary}),
    )
    if made.signing != by.signing:
        raise VerificationError.because(f"the last seal is by `{made.signing}`, the journal names `{by.signing}`")


def set_tail_aside(directory: Path, descriptor: int, found: Survey) -> None:
    """Copy the bytes that do not count to a file of their own, then cut them off; raises OSError."""
    if found.tail:
        publish(directory / (SET_ASIDE + hashlib.sha256(found.tail).hexdigest()), found.tail)
        os.ftruncate(descriptor, found.chain.size)
        os.fsync(descriptor)


def unrecorded(directory: Path, found: Survey) -> Iterator[Recover]:
    """Yield a `Recover` for each file that was set aside and that no record names yet, also by a session that died.

    Raises VerificationError where such a file is not what its name says: verifiers would refuse the run that names it.
    """
    named = {event.file for event in found.past if isinstance(event, Recover)}
    for path in sorted(directory.glob(f"{SET_ASIDE}*")):
        if path.name not in named:
            with reading(path), open_regular(path) as file:
                data = file.read()
            sha256 = hashlib.sha256(data).hexdigest()
            if path.name != f"{SET_ASIDE}{sha256}":
                raise VerificationError.because(
                    f"`{line(str(path))}` is not what a session has set aside: its name is not that of its sha256",
                    hint="move it away if it is not this run's; else put back what it was",
                )
            begun = list(_begun(data, found.cadence.sealing))
            yield Recover(size=len(data), sha256=sha256, file=path.name, begun=begun)


def _begun(tail: bytes, sealing: Sealing) -> Iterator[dict[str, Any]]:
    """Yield the intents in a tail that a command may have followed: with checkpoints, those that needed no seal."""
    if sealing.mode != "checkpoint":
        return
    for raw in tail.splitlines(keepends=True):
        try:
            whole = decode(raw)
            event = from_record(whole.type, whole.fields)
        except (LineError, RecipeError):
            continue
        if isinstance(event, StepStart) and event.step not in sealing.gates:
            yield to_record(event)
