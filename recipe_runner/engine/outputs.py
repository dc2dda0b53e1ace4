"""What a block hands on through the file `$RECIPE_OUTPUT`."""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path

LARGEST = 100_000
"""Bytes of all outputs of a step: they stand in one line of the journal, and each in a child's environment."""
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")


def parse_outputs(text: str) -> dict[str, str]:
    """Read `name=value` lines and here-documents (`name<<END`, lines, `END`).

    Raises ValueError naming the first line that is neither, and for text that no variable can hold.
    """
    if "\0" in text or (not text.isascii() and any("\ud800" <= c <= "\udfff" for c in text)):
        raise ValueError("`$RECIPE_OUTPUT` holds bytes that are no UTF-8 text")
    outputs: dict[str, str] = {}
    lines = iter(enumerate(text.split("\n"), 1))
    for number, line in lines:
        if not line.strip():
            continue
        name, equals, value = line.partition("=")
        if equals and NAME.fullmatch(name):
            outputs[name] = value
            continue
        name, marker, end = line.partition("<<")
        if not marker or not NAME.fullmatch(name) or not end:
            raise ValueError(f"line {number} of `$RECIPE_OUTPUT` is neither `name=value` nor `name<<END`: `{line}`")
        body: list[str] = []
        for _, inner in lines:
            if inner == end:
                break
            body.append(inner)
        else:
            raise ValueError(f"line {number} of `$RECIPE_OUTPUT`: `{name}<<{end}` is not ended by a line `{end}`")
        outputs[name] = "\n".join(body)
    return outputs


def read_outputs(path: Path) -> str:
    """Return what a step left in its output file; raises ValueError where that is no file of an acceptable size."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise ValueError(f"`$RECIPE_OUTPUT` cannot be read: {error.strerror}") from error
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise ValueError("`$RECIPE_OUTPUT` is no longer a file")
        data = os.pread(descriptor, LARGEST + 1, 0)
    finally:
        os.close(descriptor)
    if len(data) > LARGEST:
        raise ValueError(f"`$RECIPE_OUTPUT` holds more than {LARGEST} bytes; hand on the name of a file instead")
    return data.decode("utf-8", "surrogateescape")


def variable(step_id: str, output: str) -> str:
    """Return the shell variable by which later blocks know an output: `$step_id_output`."""
    return f"{step_id}_{output}".replace("-", "_").replace(".", "_")
