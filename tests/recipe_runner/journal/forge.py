"""What an attacker does to a journal: change lines, then mend the chain, the statements, or even the signatures."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from recipe_runner.journal.chain import Chain
from recipe_runner.journal.seal import statement

Record = dict[str, Any]
Sign = Callable[[bytes], str]


def read(directory: Path) -> list[Record]:
    """Return the lines of a journal as JSON objects."""
    return [json.loads(raw) for raw in (directory / "journal.jsonl").read_bytes().splitlines()]


def raw(record: Record) -> bytes:
    """Write a line in canonical form, whatever it holds."""
    text = json.dumps(record, sort_keys=True, separators=(",", ":")).replace("\x7f", "\\u007f")
    return text.encode() + b"\n"


def write(directory: Path, records: list[Record]) -> None:
    """Write lines as they are."""
    (directory / "journal.jsonl").write_bytes(b"".join(raw(record) for record in records))


def chained(records: list[Record], *, sign: Sign | None = None) -> list[Record]:
    """Return the records with numbers and `prev` made right; with `sign`, seals say what stands before them again.

    Without `sign`, this is what somebody without the key can do.
    """
    chain = Chain()
    done: list[Record] = []
    for given in records:
        record = {**given, "n": chain.records, "prev": chain.head}
        if sign and record["t"] == "seal":
            run = done[0].get("run", "") if done else ""
            why = done[-1]["t"] if done else ""
            said = statement(run, chain, why=why, ts=record["ts"], mono_ns=record["mono_ns"])
            record |= {"stmt": said, "sig": sign(said.encode())}
        chain.extend(raw(record))
        done.append(record)
    return done
