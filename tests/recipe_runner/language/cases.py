"""Fixture documents: a recipe with its includes, and the faults that are found in it, as a person reads them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from recipe_runner.errors import Diagnostic
from recipe_runner.language.duration_field import Duration

FIXTURES = Path(__file__).parents[2] / "fixtures" / "language"
MARK = re.compile(r"^(====|----) (.*)\n", re.MULTILINE)


class Disk(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: str
    size: int = 1


class Publish(BaseModel):
    model_config = ConfigDict(extra="forbid")

    image: str
    mode: Literal["private", "public"] = "private"
    timeout: Duration | None = None
    regions: list[str] = []
    disks: tuple[Disk, ...] = ()


class Command(BaseModel):
    model_config = ConfigDict(extra="forbid")

    command: str
    version: str = ""


ACTIONS: Mapping[str, type[BaseModel]] = {"publish": Publish}
PRECONDITIONS: Mapping[str, type[BaseModel]] = {"command": Command}


@dataclass(frozen=True)
class Case:
    """One document of a fixture file; `line` is where it begins there."""

    title: str
    line: int
    files: Mapping[str, str]
    faults: str


def cases(path: Path) -> Iterator[Case]:
    text = path.read_text(encoding="utf-8")
    marks = list(MARK.finditer(text))
    title, line, parts = "", 0, dict[str, str]()
    for mark, following in zip(marks, [*marks[1:], None], strict=True):
        body = text[mark.end() : following.start() if following else len(text)]
        if mark[1] == "====":
            title, line, parts = mark[2], text.count("\n", 0, mark.start()) + 1, {}
        elif mark[2] == "faults":
            yield Case(title, line, parts, body.strip("\n"))
        else:
            parts[mark[2]] = body


def shown(fault: Diagnostic) -> str:
    """Return a fault with its line and carets."""
    head = f"{fault.code} {fault.message}"
    if fault.span is None:
        return head
    span = fault.span
    lines = [f"{span.path}:{span.line}:{span.column} {head}"]
    if span.text:
        lines += [f"  {span.text}", f"  {' ' * (span.column - 1)}{'^' * span.length}"]
    return "\n".join(line.rstrip() for line in (*lines, f"  {fault.hint}"))
