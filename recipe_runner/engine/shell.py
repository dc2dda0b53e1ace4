"""How code becomes a child process.

The source arrives on an inherited memory descriptor and is evaluated by a bash whose `$0` is the recipe's name, padded
with empty lines so that bash's own messages carry the recipe's line numbers. What a person would keep in one terminal
(variables, functions, working directory) is written by the shell itself at the end of a successful block to another
memory descriptor, and read back at the start of the next: no file, no extra process.
"""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from typing import Literal

from msgspec import Struct

from recipe_runner.engine.processes.process import Command
from recipe_runner.engine.shell_state import ShellState
from recipe_runner.engine.values import Text
from recipe_runner.language.model import Script
from recipe_runner.memory import content, memory

SAVE = r"""{{ declare -p; printf '\0'; declare -f; printf '\0%s\0' "$PWD"; }} >&{state}"""
BASH = (
    "set -euo pipefail; . /dev/fd/{prologue}; "
    "trap '[[ $? != 0 || -n ${{__recipe_saved-}} ]] || " + SAVE.replace("'", r"'\''") + "' EXIT; "
    "mapfile -d '' -u {source} __recipe_source; set -- \"${{__recipe_source[0]}}\"; unset __recipe_source; {latch}"
    'eval "set --;$1"; set -- "$?"; [[ $1 != 0 ]] || ' + SAVE + '; __recipe_saved=1; exit "$1"'
)
LATCH = "read -ru {latch} _; exec {latch}<&-; "
"""Waits for a line: at the end of input without one, `set -e` ends the shell, and the script has not been looked at."""
INTERACTIVE = "exec bash --noprofile --rcfile /dev/fd/{prologue} -i"
PYTHON = "set -euo pipefail; . /dev/fd/{prologue}; {latch}exec python3 -c {bootstrap} /dev/fd/{source} {name}"
PYTHON_BOOTSTRAP = (
    "import sys; _, source, name = sys.argv; sys.argv = [name]; exec(compile(open(source).read(), name, 'exec'))"
)


class Surroundings(Struct, frozen=True):
    """What a block finds when it starts, besides the shell's own state."""

    name: str
    environ: Mapping[str, str]
    texts: Mapping[str, Text]
    directory: str | None = None


class Code(Struct, frozen=True):
    """A script as the texts a child process needs: `source` and `prologue` on descriptors, `exported` by name."""

    kind: Literal["bash", "python", "interactive"]
    name: str
    source: str
    prologue: str
    exported: Mapping[str, str]

    @classmethod
    def for_person(cls, state: ShellState, around: Surroundings, step_id: str) -> Code:
        """Make a shell for a person, in which everything is as the step would find it."""
        prologue = _prologue(state, around, python=False) + f"PS1='({step_id}) \\w \\$ '\n"
        return cls("interactive", around.name, "", prologue, _exported(around, python=False))

    @classmethod
    def of(cls, script: Script, state: ShellState, around: Surroundings) -> Code:
        """Bring a script and what it finds together."""
        python = script.language == "python"
        source = "\n" * (script.first_line - 1) + script.text
        prologue = _prologue(state, around, python=python)
        return cls(script.language, around.name, source, prologue, _exported(around, python=python))

    def boot(self, *, source: int, prologue: int, state: int, latch: int | None = None) -> str:
        """Return the bash code that runs the script from these descriptors; only a bash script leaves its state.

        With `latch` everything is made ready, and the script is begun when a line arrives on that descriptor.
        """
        wait = "" if latch is None else LATCH.format(latch=latch)
        if self.kind == "interactive":
            return INTERACTIVE.format(prologue=prologue)
        if self.kind == "bash":
            return BASH.format(prologue=prologue, source=source, state=state, latch=wait)
        bootstrap, name = shlex.quote(PYTHON_BOOTSTRAP), shlex.quote(self.name)
        return PYTHON.format(prologue=prologue, source=source, bootstrap=bootstrap, name=name, latch=wait)


class Prepared(Struct, frozen=True):
    """A command ready to start, and the descriptor on which bash will leave its state (None for Python)."""

    command: Command
    state: int | None

    def read_state(self) -> bytes | None:
        """Return what the shell left; None where it is none that leaves anything."""
        return None if self.state is None else content(self.state)


@contextmanager
def prepared(
    script: Script, state: ShellState, around: Surroundings, timeout: float | None, *, waits: bool = False
) -> Iterator[Prepared]:
    """Make the command that runs a script; its descriptors are closed at the end of the `with` block.

    One that `waits` begins the script when it is told to by its `opener`.
    """
    code = Code.of(script, state, around)
    with (
        memory(code.source) as source,
        memory(code.prologue) as prologue,
        memory() as left,
        _latch() if waits else nullcontext((None, None)) as (latch, opener),
    ):
        boot = code.boot(source=source, prologue=prologue, state=left, latch=latch)
        argv = ("bash", "--norc", "--noprofile", "-c", boot, around.name)
        descriptors = (source, prologue, left, *(() if latch is None else (latch,)))
        environ = {**around.environ, **code.exported}
        command = Command(argv, environ, around.directory, descriptors, timeout, opener=opener)
        yield Prepared(command, left if code.kind == "bash" else None)


@contextmanager
def interactive(state: ShellState, around: Surroundings, step_id: str) -> Iterator[Command]:
    """Make the command of a shell for a person, in which everything is as the step would find it."""
    code = Code.for_person(state, around, step_id)
    with memory(code.prologue) as prologue:
        argv = ("bash", "--norc", "--noprofile", "-c", INTERACTIVE.format(prologue=prologue))
        yield Command(argv, {**around.environ, **code.exported}, None, (prologue,), terminal=True)


def _exported(around: Surroundings, *, python: bool) -> dict[str, str]:
    exported: dict[str, str] = {}
    for name, text in around.texts.items():
        if isinstance(text, str):
            exported[name] = text
        elif python:
            exported[name] = json.dumps(text)
    return exported


def _prologue(state: ShellState, around: Surroundings, *, python: bool) -> str:
    lines = ["set -a"] if python else []
    lines.append(state.code())
    for name, text in around.texts.items():
        if isinstance(text, tuple):
            lines += [] if python else [f"declare -ra {name}=({shlex.join(text)})"]
        else:
            lines.append(f"declare -rx {name}")
    if around.directory:
        lines.append(f"cd -- {shlex.quote(around.directory)}")
    return "\n".join(lines) + "\n"


@contextmanager
def _latch() -> Iterator[tuple[int, int]]:
    """Yield both ends of a pipe: a shell waits at the first until something is written to the second."""
    ends = os.pipe2(os.O_CLOEXEC)
    try:
        yield ends
    finally:
        for end in ends:
            os.close(end)
