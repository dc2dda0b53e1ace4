"""What a block hands on through the file `$RECIPE_OUTPUT`."""

from __future__ import annotations

import re

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")


def parse_outputs(text: str) -> dict[str, str]:
    """Read `name=value` lines and here-documents (`name<<END`, lines, `END`).

    Raises ValueError naming the first line that is neither.
    """
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


def variable(step_id: str, output: str) -> str:
    """Return the shell variable by which later blocks know an output: `$step_id_output`."""
    return f"{step_id}_{output}".replace("-", "_").replace(".", "_")
