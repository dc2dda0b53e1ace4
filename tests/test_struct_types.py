from __future__ import annotations

from pathlib import Path

from mypy import api

PROGRAM = """
import dataclasses
import msgspec

class Value(msgspec.Struct, frozen=True):
    name: str

def wrong(value: Value) -> tuple[object, ...]:
    return (
        dataclasses.replace(value, name="x"),
        msgspec.structs.replace(value, name=1),
        msgspec.structs.replace(value, nane="x"),
    )

def right(value: Value) -> Value:
    return msgspec.structs.replace(value, name="x")
"""


def test_mypy_tells_both_kinds_of_replace_apart(tmp_path: Path) -> None:
    """A struct given to the function of dataclasses, a wrong value and a wrong name are found before anything runs."""
    (tmp_path / "mypy.ini").write_text(f"[mypy]\nplugins = {Path(__file__).parent / 'support/struct_types.py'}\n")
    (tmp_path / "program.py").write_text(PROGRAM)
    said, _, code = api.run(
        ["--config-file", str(tmp_path / "mypy.ini"), "--cache-dir", "/dev/null", str(tmp_path / "program.py")]
    )
    lines = [row.partition("program.py:")[2].partition(":")[0] for row in said.splitlines() if ": error:" in row]
    assert (code, lines) == (1, ["10", "11", "12"]), said
