"""Appending to a journal file: a record and its seal reach the file together, and are durable or not there."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime
from typing import Any

from recipe_runner.errors import IncompleteError
from recipe_runner.journal.chain import Chain
from recipe_runner.journal.files import write_all
from recipe_runner.journal.identity import Identity
from recipe_runner.journal.lines import Line, LineError, encode
from recipe_runner.journal.seal import Sealing, needs_seal, statement
from recipe_runner.journal.signer import Signer
from recipe_runner.journal.witness.head import Head


class Writer:
    """Knows where the chain ends and whose key seals; owns the file's descriptor."""

    def __init__(self, descriptor: int, chain: Chain, *, run: str, sealing: Sealing, signer: Signer | None) -> None:
        self._descriptor = descriptor
        self._chain = chain
        self._run = run
        self._sealing = sealing
        self._signer = signer if sealing != "none" else None

    @property
    def identity(self) -> Identity | None:
        """Whose key seals, or None for an unsigned run."""
        return Identity(self._signer.primary, self._signer.signing) if self._signer else None

    @property
    def head(self) -> Head:
        """How far the journal has come."""
        return Head.of(self._run, self._chain)

    def prepare(self, type_name: str, fields: dict[str, Any]) -> list[bytes]:
        """Return the raw record and, where it needs one, the raw seal; raises IncompleteError, having written nothing.

        Bytes in texts that were no UTF-8 (PEP 383) are replaced, since no JSON text can hold them.
        """
        chain = self._chain.copy()
        ts, mono_ns = _clocks()
        try:
            record = encode(Line(chain.records, chain.head, type_name, ts, mono_ns, _writable(fields)))
        except LineError as error:
            raise IncompleteError.because(f"cannot record `{type_name}`: {error}") from error
        if self._signer is None or not needs_seal(self._sealing, type_name):
            return [record]
        chain.extend(record)
        ts, mono_ns = _clocks()
        said = statement(self._run, chain, why=type_name, ts=ts, mono_ns=mono_ns)
        sealed = {"stmt": said, "sig": self._signer.sign(said.encode())}
        return [record, encode(Line(chain.records, chain.head, "seal", ts, mono_ns, sealed))]

    def write(self, lines: list[bytes]) -> None:
        """Append raw lines durably, or leave the file as it was; raises OSError."""
        try:
            for raw in lines:
                write_all(self._descriptor, raw)
            os.fdatasync(self._descriptor)
        except BaseException:
            os.ftruncate(self._descriptor, self._chain.size)
            raise
        for raw in lines:
            self._chain.extend(raw)

    def close(self) -> None:
        """Let go of the file."""
        os.close(self._descriptor)


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
