"""The pages of the documentation as something that can be run: files to write, commands to type, output to expect."""

from __future__ import annotations

import re
import shlex
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

FENCE = re.compile(r"^(?P<fence>`{3,})(?P<info>[^`\n]*)\n(?P<text>.*?)^(?P=fence)$", re.MULTILINE | re.DOTALL)
TARGET = re.compile(r"\binto\s+`([^`]+)`:\s*\Z")
MARK = "=-= end of command "
CLOCK = re.compile(r"\b\d\d:\d\d$")
TOOK = re.compile(r"\b\d+\.\d s\b")


@dataclass(frozen=True)
class Typed:
    """A command and the output that the page shows below it; a line `…` stands for any lines, none included."""

    command: str
    shown: tuple[str, ...]
    code: int = 0
    said: str = ""

    def agrees(self) -> bool:
        """Say whether the command did what the page shows: only a page that shows an `error` may show a failure.

        Empty lines, how many spaces stand between two words, and how long things took do not count.
        """
        pattern = "".join("(?s:.*)" if row == "…" else re.escape(_even(row)) + "\n" for row in self.shown)
        said = "".join(f"{_even(row)}\n" for row in self.said.splitlines() if row.strip())
        fails = any("error" in row for row in self.shown)
        return (self.code != 0) == fails and re.fullmatch(pattern, said) is not None


@dataclass(frozen=True)
class Written:
    """A file that the page tells the reader to write."""

    name: str
    text: str


def read(page: Path) -> Iterator[Typed | Written]:
    """Yield what a page tells the reader to do, in order: `console` fences, and fences behind "into `FILE`:"."""
    text = page.read_text()
    for match in FENCE.finditer(text):
        target = TARGET.search(text[: match.start()])
        if target:
            yield Written(target[1], match["text"])
        elif match["info"].strip() == "console":
            yield from _commands(match["text"])


def follow(page: Path, directory: Path, environ: Mapping[str, str]) -> list[Typed]:
    """Do what a page says, in one bash that begins in `directory`, and return the commands with what they said."""
    actions = list(read(page))
    script = "exec 2>&1\n"
    for action in actions:
        if isinstance(action, Written):
            script += f"printf %s {shlex.quote(action.text)} >{shlex.quote(action.name)}\n"
        else:
            script += f"{action.command}\nprintf '{MARK}%s\\n' $?\n"
    done = subprocess.run(
        ["bash"],
        input=script,
        cwd=directory,
        env=dict(environ),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    said = re.split(rf"{MARK}(\d+)\n", done.stdout)
    typed = [action for action in actions if isinstance(action, Typed)]
    assert len(said) == 2 * len(typed) + 1, done.stdout
    return [
        Typed(t.command, t.shown, int(code), text) for t, text, code in zip(typed, said[::2], said[1::2], strict=False)
    ]


def _commands(text: str) -> Iterator[Typed]:
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        command, *shown = part.splitlines()
        yield Typed(command, tuple(row for row in shown if row))


def _even(row: str) -> str:
    """Return a row with single spaces and without how long things took, which says more about the machine."""
    return " ".join(TOOK.sub("0.0 s", CLOCK.sub("00:00", row)).split())
