"""Appending to a journal file: records reach it with the seals they need, and are durable or not there."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime
from typing import Any, NamedTuple

from recipe_runner.errors import IncompleteError
from recipe_runner.journal.files import write_all
from recipe_runner.journal.records.chain import Chain
from recipe_runner.journal.records.identity import Identity
from recipe_runner.journal.records.lines import Line, LineError, encode
from recipe_runner.journal.records.seal import statement
from recipe_runner.journal.records.sealing import Cadence
from recipe_runner.journal.signers.signer import Signer
from recipe_runner.journal.witness.head import Head


class Prepared(NamedTuple):
    """Raw records with the seals they need, and how far the journal has come once they are written.

    `owed` is the type of the last one where its seal is left to the intent that may follow at once, else empty.
    """

    lines: list[bytes]
    chain: Chain
    cadence: Cadence
    owed: str = ""


class Writer:
    """Knows where the chain ends, when a seal is due and whose key makes it; owns the file's descriptor."""

    def __init__(self, descriptor: int, chain: Chain, *, run: str, cadence: Cadence, signer: Signer | None) -> None:
        self._descriptor = descriptor
        self._chain = chain
        self._run = run
        self._cadence = cadence
        self._owed = ""
        self._signer = signer if cadence.sealing.mode != "none" else None

    @property
    def identity(self) -> Identity | None:
        """Whose key seals, or None for an unsigned run."""
        return Identity(self._signer.primary, self._signer.signing) if self._signer else None

    @property
    def head(self) -> Head:
        """How far the journal has come."""
        return Head.of(self._run, self._chain)

    @property
    def signer(self) -> Signer | None:
        """Who seals, or None for an unsigned run."""
        return self._signer

    @property
    def owes(self) -> bool:
        """Say whether the last record still needs a seal, of its own or that of an intent."""
        return bool(self._owed)

    def prepare(self, type_name: str, fields: dict[str, Any]) -> Prepared:
        """Return the record and the seals that are due before and after it; writes nothing, raises IncompleteError.

        Bytes in texts that were no UTF-8 (PEP 383) are replaced, since no JSON text can hold them.
        """
        prepared = Prepared([], self._chain.copy(), self._cadence.copy(), self._owed)
        if self._owed and not self._cadence.allows(type_name, fields.get("step")):
            prepared = self._sealed(prepared, self._owed)
        lines, chain, cadence, _ = prepared
        ts, mono_ns = _clocks()
        try:
            record = encode(Line(chain.records, chain.head, type_name, ts, mono_ns, _writable(fields)))
        except LineError as error:
            raise IncompleteError.because(f"cannot record `{type_name}`: {error}") from error
        chain.extend(record)
        cadence.take(type_name, fields.get("step"), int(mono_ns))
        owed = type_name if cadence.due == "soon" else ""
        prepared = Prepared([*lines, record], chain, cadence, owed)
        return self._sealed(prepared, type_name) if cadence.due == "now" else prepared

    def settlement(self) -> Prepared:
        """Return the seal that is owed; writes nothing, raises IncompleteError."""
        return self._sealed(Prepared([], self._chain.copy(), self._cadence.copy()), self._owed)

    def write(self, prepared: Prepared) -> None:
        """Append what was prepared durably, or leave the file as it was; raises OSError.

        A record whose seal is owed counts only when that stands behind it, so it becomes durable with its seal.
        """
        try:
            for raw in prepared.lines:
                write_all(self._descriptor, raw)
            if not prepared.owed:
                os.fdatasync(self._descriptor)
        except BaseException:
            os.ftruncate(self._descriptor, self._chain.size)
            raise
        _, self._chain, self._cadence, self._owed = prepared

    def close(self) -> None:
        """Let go of the file."""
        os.close(self._descriptor)

    def _sealed(self, prepared: Prepared, why: str) -> Prepared:
        """Return what was prepared with a seal over it; raises IncompleteError."""
        lines, chain, cadence, _ = prepared
        if self._signer is None:
            raise IncompleteError.because("nobody is there to seal the journal")
        ts, mono_ns = _clocks()
        said = statement(self._run, chain, why=why, ts=ts, mono_ns=mono_ns)
        sealed = {"stmt": said, "sig": self._signer.sign(said.encode())}
        seal = encode(Line(chain.records, chain.head, "seal", ts, mono_ns, sealed))
        chain.extend(seal)
        cadence.take("seal", None, int(mono_ns))
        return Prepared([*lines, seal], chain, cadence)


def _clocks() -> tuple[str, str]:
    return f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%fZ}", str(time.monotonic_ns())


def _writable(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    match value:
        case str():
            return value if value.isascii() else value.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
        case dict():
            return {name: _writable(inner) for name, inner in value.items()}
        case list() | tuple():
            return [_writable(inner) for inner in value]
        case _:
            return value
