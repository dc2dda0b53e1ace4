"""How code becomes a child process, and how a shell's state passes from one block to the next.

The source arrives on an inherited memory descriptor and is evaluated by a bash whose `$0` is the recipe's name, padded
with empty lines so that bash's own messages carry the recipe's line numbers. What a person would keep in one terminal
(variables, functions, working directory) is written by the shell itself at the end of a successful block to another
memory descriptor, and read back at the start of the next: no file, no extra process.
"""

from __future__ import annotations

import json
import os
import re
import shlex
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from functools import lru_cache
from typing import Literal

from msgspec import Struct

from recipe_runner.engine.processes.process import Command
from recipe_runner.engine.secrets.redaction import Redactor
from recipe_runner.engine.values import Text
from recipe_runner.language.model import Script

SAVE = r"""{{ declare -p; printf '\0'; declare -f; printf '\0%s\0' "$PWD"; }} >&{state}"""
BASH = (
    "set -euo pipefail; . /dev/fd/{prologue}; "
    "trap '[[ $? != 0 || -n ${{__recipe_saved-}} ]] || " + SAVE.replace("'", r"'\''") + "' EXIT; "
    "mapfile -d '' -u {source} __recipe_source; set -- \"${{__recipe_source[0]}}\"; unset __recipe_source; {gate}"
    'eval "set --;$1"; set -- "$?"; [[ $1 != 0 ]] || ' + SAVE + '; __recipe_saved=1; exit "$1"'
)
GATE = "read -ru {gate} _; exec {gate}<&-; "
"""Waits for a line: at the end of input without one, `set -e` ends the shell, and the script has not been looked at."""
INTERACTIVE = "exec bash --noprofile --rcfile /dev/fd/{prologue} -i"
PYTHON = "set -euo pipefail; . /dev/fd/{prologue}; {gate}exec python3 -c {bootstrap} /dev/fd/{source} {name}"
PYTHON_BOOTSTRAP = (
    "import sys; _, source, name = sys.argv; sys.argv = [name]; exec(compile(open(source).read(), name, 'exec'))"
)

OWN = re.compile(
    r"^(?:BASH.*|COLUMNS|COMP_WORDBREAKS|DIRSTACK|EPOCH.*|EUID|FUNCNAME|GROUPS|HISTCMD|HOSTNAME|HOSTTYPE|LINENO|LINES"
    r"|MACHTYPE|OLDPWD|OPTERR|OPTIND|OSTYPE|PIPESTATUS|PPID|PWD|RANDOM|RECIPE_.*|SECONDS|SHELLOPTS|SHLVL|SRANDOM|UID|_"
    r"|GPG_TTY|TERM)$"
)
"""Variables that belong to the shell or to the runner, never to the author."""
MADE_READONLY = re.compile(r"declare -([A-Za-z]*)r([A-Za-z]*) ")
"""How a variable is declared that cannot be changed: no block could run a second time if that were carried over."""
DEFAULTS = frozenset({"declare -- IFS=$' \\t\\n'", 'declare -- PS4="+ "'})
"""What every bash declares by itself."""


class ShellState(Struct, frozen=True):
    """What one block hands on to the next, as bash code that restores it."""

    variables: tuple[str, ...] = ()
    functions: str = ""
    directory: str | None = None

    @classmethod
    def from_dump(cls, dump: bytes, *, readonly: frozenset[str], environ: Mapping[str, str]) -> ShellState | None:
        """Read what a shell wrote at its end; None where it wrote nothing whole (it failed, or replaced itself)."""
        parts = dump.decode("utf-8", "surrogateescape").split("\0")
        if len(parts) < 4:  # noqa: PLR2004 - three parts, each ended by a NUL
            return None
        declared, functions, directory = parts[:3]
        kept: list[str] = []
        inherited = {_exported_line(name, value): name for name, value in environ.items()}
        names: set[str] = set(readonly)
        for declaration in _declarations(declared):
            if (name := inherited.get(declaration)) is not None:
                names.add(name)
                continue
            line = MADE_READONLY.sub(_writable, declaration, count=1)
            name = line.split(" ", 2)[-1].partition("=")[0]
            if line not in DEFAULTS and name not in readonly and not _is_own(name):
                names.add(name)
                kept.append(line)
        gone = sorted(n for n in environ if n not in names and n.isidentifier() and not _is_own(n))
        kept += [f"unset -v {shlex.join(gone)}"] if gone else []
        return cls(tuple(kept), functions, directory)

    def code(self) -> str:
        """Return bash code that restores this state."""
        lines = list(self.variables)
        if self.functions:
            lines += ["shopt -s extglob", self.functions, "shopt -u extglob"]
        if self.directory:
            lines.append(f"cd -- {shlex.quote(self.directory)}")
        return "\n".join(lines) + "\n"

    def to_bytes(self) -> bytes:
        """Return the state as it is kept with the run."""
        data = {"variables": self.variables, "functions": self.functions, "directory": self.directory}
        return json.dumps(data, sort_keys=True).encode()

    @classmethod
    def from_bytes(cls, data: bytes) -> ShellState:
        """Read what `to_bytes` wrote."""
        fields = json.loads(data)
        return cls(tuple(fields["variables"]), fields["functions"], fields["directory"])

    def without(self, redactor: Redactor) -> ShellState:
        """Return the state without the variables, functions and directory in whose text a secret stands."""
        return ShellState(
            tuple(variable for variable in self.variables if not redactor.reveals(variable)),
            "" if redactor.reveals(self.functions) else self.functions,
            None if self.directory and redactor.reveals(self.directory) else self.directory,
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

    def boot(self, *, source: int, prologue: int, state: int, gate: int | None = None) -> str:
        """Return the bash code that runs the script from these descriptors; only a bash script leaves its state.

        With `gate` everything is made ready, and the script is begun when a line arrives on that descriptor.
        """
        wait = "" if gate is None else GATE.format(gate=gate)
        if self.kind == "interactive":
            return INTERACTIVE.format(prologue=prologue)
        if self.kind == "bash":
            return BASH.format(prologue=prologue, source=source, state=state, gate=wait)
        bootstrap, name = shlex.quote(PYTHON_BOOTSTRAP), shlex.quote(self.name)
        return PYTHON.format(prologue=prologue, source=source, bootstrap=bootstrap, name=name, gate=wait)


class Prepared(Struct, frozen=True):
    """A command ready to start, and the descriptor on which bash will leave its state (None for Python)."""

    command: Command
    state: int | None

    def read_state(self) -> bytes | None:
        """Return what the shell left; None where it is none that leaves anything."""
        return None if self.state is None else os.pread(self.state, os.fstat(self.state).st_size, 0)


@contextmanager
def prepared(
    script: Script, state: ShellState, around: Surroundings, timeout: float | None, *, waits: bool = False
) -> Iterator[Prepared]:
    """Make the command that runs a script; its descriptors are closed at the end of the `with` block.

    One that `waits` begins the script when it is told to by its `opener`.
    """
    code = Code.of(script, state, around)
    with (
        memory("source", code.source) as source,
        memory("prologue", code.prologue) as prologue,
        memory("state", "") as left,
        _gate() if waits else nullcontext((None, None)) as (gate, opener),
    ):
        boot = code.boot(source=source, prologue=prologue, state=left, gate=gate)
        argv = ("bash", "--norc", "--noprofile", "-c", boot, around.name)
        descriptors = (source, prologue, left, *(() if gate is None else (gate,)))
        environ = {**around.environ, **code.exported}
        command = Command(argv, environ, around.directory, descriptors, timeout, opener=opener)
        yield Prepared(command, left if code.kind == "bash" else None)


@contextmanager
def interactive(state: ShellState, around: Surroundings, step_id: str) -> Iterator[Command]:
    """Make the command of a shell for a person, in which everything is as the step would find it."""
    code = Code.for_person(state, around, step_id)
    with memory("prologue", code.prologue) as prologue:
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
def _gate() -> Iterator[tuple[int, int]]:
    """Yield both ends of a pipe: a shell waits at the first until something is written to the second."""
    ends = os.pipe2(os.O_CLOEXEC)
    try:
        yield ends
    finally:
        for end in ends:
            os.close(end)


@contextmanager
def memory(name: str, content: str | bytes) -> Iterator[int]:
    """Hold a text or bytes in memory on a descriptor that a child can inherit, for the time of a `with` block."""
    descriptor = os.memfd_create(f"recipe-{name}", os.MFD_CLOEXEC)
    try:
        data = memoryview(content if isinstance(content, bytes) else content.encode("utf-8", "surrogateescape"))
        while data:
            data = data[os.write(descriptor, data) :]
        os.lseek(descriptor, 0, os.SEEK_SET)
        yield descriptor
    finally:
        os.close(descriptor)


def _declarations(text: str) -> Iterator[str]:
    """Yield whole declarations: a value written over several lines stays together."""
    current: list[str] = []
    for line in text.removesuffix("\n").split("\n"):
        if line.startswith("declare -") and current:
            yield "\n".join(current)
            current = []
        current.append(line)
    if current:
        yield "\n".join(current)


def _writable(declared: re.Match[str]) -> str:
    return f"declare -{declared[1]}{declared[2] or ('' if declared[1] else '-')} "


@lru_cache(maxsize=4096)
def _exported_line(name: str, value: str) -> str:
    """Return what `declare -p` says of an exported variable without control characters.

    Quoted as bash 5.2 does (lib/sh/shquote.c, sh_double_quote).
    """
    return f'declare -x {name}="{_ansi(value)}"'


@lru_cache(maxsize=4096)
def _is_own(name: str) -> bool:
    return OWN.fullmatch(name) is not None


def _ansi(secret: str) -> str:
    return re.sub(r'([$`"\\])', r"\\\1", secret)
