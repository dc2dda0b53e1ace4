"""What an attacker does to a journal: change lines, then mend the chain, the statements, or even the signatures."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from recipe_runner.journal.records.chain import Chain
from recipe_runner.journal.records.seal import statement

Record = dict[str, Any]
Sign = Callable[[bytes], str]
Attack = Callable[[list[Record]], list[Record]]


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


def edited(records: list[Record]) -> list[Record]:
    """Change what a step is said to have returned."""
    return [{**r, "exit_code": 1} if r["t"] == "step_end" else r for r in records]


def swapped(records: list[Record]) -> list[Record]:
    """Put another recipe into the first record."""
    return [{**records[0], "recipe": {**records[0]["recipe"], "sha256": "0" * 64}}, *records[1:]]


def moved(records: list[Record]) -> list[Record]:
    """Exchange two records with their seals."""
    return [*records[:2], *records[4:6], *records[2:4], *records[6:]]


def doubled(records: list[Record]) -> list[Record]:
    """Say a record and its seal twice."""
    return [*records[:4], *records[2:4], *records[4:]]


def stripped(records: list[Record]) -> list[Record]:
    """Take all seals away."""
    return [r for r in records if r["t"] != "seal"]


def downgraded(records: list[Record]) -> list[Record]:
    """Make a sealed run look like an unsigned one."""
    return [{**records[0], "sealing": "none", "signer": None}, *stripped(records[1:])]


def replayed(records: list[Record]) -> list[Record]:
    """Use the signature of an earlier seal for the last one."""
    return [*records[:-1], {**records[-1], "sig": records[3]["sig"]}]


def first(**changes: object) -> Attack:
    """Change fields of the first record."""
    return lambda records: [{**records[0], **changes}, *records[1:]]


def without(place: int, count: int = 1) -> Attack:
    """Leave records out."""
    return lambda records: records[:place] + records[place + count :]


def inserted(place: int, **fields: object) -> Attack:
    """Put a record of one's own before a place, with a seal where the format wants one."""

    def attack(records: list[Record]) -> list[Record]:
        clocks = {"ts": records[0]["ts"], "mono_ns": "1"}
        seal = [] if fields["t"] == "precondition" else [{**clocks, "t": "seal"}]
        return [*records[:place], {**clocks, **fields}, *seal, *records[place:]]

    return attack
