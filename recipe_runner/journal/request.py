"""The two files that travel between an operator and those who approve: the request, and the answer to it.

Both are JSON for people and programs. A request holds its record of the journal, field by field, so that whoever has
the file can write the raw line again and knows its sha256: what they sign is what they see.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from recipe_runner.engine.events import Request
from recipe_runner.errors import UsageError
from recipe_runner.journal.files import open_regular
from recipe_runner.journal.records.chain import head_of
from recipe_runner.journal.records.identity import Identity
from recipe_runner.journal.records.lines import ENVELOPE, Line, LineError, decode, encode
from recipe_runner.journal.records.schema import event_of
from recipe_runner.sanitise import line

LARGEST = 4 << 20
"""Bytes of the longest file that is read."""


class _File(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class _RequestFile(_File):
    format: Literal["recipe-run-request/v1"]
    code: list[str] = Field(description="the lines of what will run")
    record: dict[str, Any] = Field(description="the journal's line")


class AnswerFile(_File):
    """What an approver hands back and keeps: the signed statement, and the request that it answers."""

    format: Literal["recipe-run-answer/v1"] = "recipe-run-answer/v1"
    stmt: str
    sig: str
    request: dict[str, Any] = Field(description="the request file, whole")

    def to_bytes(self) -> bytes:
        """Return the file's contents."""
        return _pretty(self.model_dump())


@dataclass(frozen=True, slots=True)
class Sheet:
    """A request as it is handed to others: its record and that one's sha256, who asks, and the code that will run."""

    line: Line
    event: Request
    head: str
    signer: Identity
    code: str

    @classmethod
    def of(cls, raw: bytes, code: str) -> Sheet:
        """Bring a raw line of a journal together with the code it names; raises LineError where they do not fit."""
        record = decode(raw)
        event = event_of(record)
        if not isinstance(event, Request):
            raise LineError("the record is no request")
        try:
            named = hashlib.sha256(code.encode("utf-8", "surrogateescape")).hexdigest() == event.command
        except UnicodeEncodeError:
            named = False
        if not named:
            raise LineError("the code in it is not the code that the record names")
        return cls(record, event, head_of(raw), Identity.of(record.fields["signer"]), code)

    @classmethod
    def load(cls, path: Path) -> Sheet:
        """Read a request file; raises UsageError where it is none, or where its parts contradict each other."""
        try:
            file = _RequestFile.model_validate(_json(path))
            record = dict(file.record)
            envelope = {name: record.pop(name) for name in ENVELOPE}
            raw = encode(
                Line(envelope["n"], envelope["prev"], envelope["t"], envelope["ts"], envelope["mono_ns"], record)
            )
            return cls.of(raw, "\n".join(file.code))
        except ValidationError as error:
            raise _unusable(path, "it does not have the form of a request") from error
        except KeyError as error:
            raise _unusable(path, f"its record has no field `{error.args[0]}`") from error
        except LineError as error:
            raise _unusable(path, str(error)) from error

    def to_data(self) -> dict[str, Any]:
        """Return the contents of the request file."""
        own = self.line
        envelope = dict(zip(ENVELOPE, (own.n, own.prev, own.type, own.ts, own.mono_ns), strict=True))
        record = {**envelope, **own.fields}
        return {"format": "recipe-run-request/v1", "code": self.code.split("\n"), "record": record}

    def to_bytes(self) -> bytes:
        """Return the request file."""
        return _pretty(self.to_data())


def load_answer(path: Path) -> AnswerFile:
    """Read the file that an approver has written; raises UsageError."""
    try:
        return AnswerFile.model_validate(_json(path))
    except ValidationError as error:
        raise _unusable(path, "it does not have the form of an answer", "an answer") from error


def _json(path: Path) -> Any:  # noqa: ANN401 - any JSON value
    try:
        with open_regular(path) as file:
            data = file.read(LARGEST + 1)
    except OSError as error:
        raise UsageError.because(
            f"cannot read `{line(str(path))}`: {error.strerror}", hint="name a file that can be read"
        ) from error
    if len(data) > LARGEST:
        raise _unusable(path, f"it has more than {LARGEST} bytes")
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as error:
        raise _unusable(path, "it is not JSON") from error


def _pretty(data: dict[str, Any]) -> bytes:
    return (json.dumps(data, indent=2, ensure_ascii=True) + "\n").encode("ascii")


def _unusable(path: Path, why: str, what: str = "a request") -> UsageError:
    return UsageError.because(
        f"`{line(str(path))}` is not {what} that can be used: {why}", hint="ask the operator for it again"
    )
