"""What one bash block hands on to the next: variables, functions, directory, as the shell itself writes them down."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator, Mapping
from functools import lru_cache

import msgspec
from msgspec import Struct

from recipe_runner.engine.secrets.redaction import Redactor
from recipe_runner.errors import VerificationError

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
    """What one block hands on to the next, as bash code that restores it; `withheld` names what was not stored."""

    variables: tuple[str, ...] = ()
    functions: str = ""
    directory: str | None = None
    withheld: tuple[str, ...] = ()

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
            name = _declared(line)
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
        data = {
            "variables": self.variables,
            "functions": self.functions,
            "directory": self.directory,
            "withheld": self.withheld,
        }
        return json.dumps(data, sort_keys=True).encode()

    @classmethod
    def from_bytes(cls, data: bytes) -> ShellState:
        """Read what `to_bytes` wrote; raises VerificationError for anything else."""
        try:
            return msgspec.convert(json.loads(data), cls)
        except (ValueError, RecursionError) as error:
            raise VerificationError.because("what a block handed on to the next is not in its form") from error

    def without(self, redactor: Redactor) -> ShellState:
        """Return the state without the variables, functions and directory in whose text a secret stands."""
        telling = [variable for variable in self.variables if redactor.reveals(variable)]
        functions = redactor.reveals(self.functions)
        directory = self.directory is not None and redactor.reveals(self.directory)
        withheld = [f"`{_declared(variable)}`" for variable in telling]
        withheld += ["the functions"] if functions else []
        withheld += ["the working directory"] if directory else []
        return ShellState(
            tuple(variable for variable in self.variables if variable not in telling),
            "" if functions else self.functions,
            None if directory else self.directory,
            tuple(withheld),
        )


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


def _declared(line: str) -> str:
    """Return the name that a line of `declare -p` declares."""
    return line.split(" ", 2)[-1].partition("=")[0]


def _writable(declared: re.Match[str]) -> str:
    return f"declare -{declared[1]}{declared[2] or ('' if declared[1] else '-')} "


@lru_cache(maxsize=4096)
def _exported_line(name: str, value: str) -> str:
    """Return what `declare -p` says of an exported variable without control characters.

    Quoted as bash 5.2 does (lib/sh/shquote.c, sh_double_quote).
    """
    quoted = re.sub(r'([$`"\\])', r"\\\1", value)
    return f'declare -x {name}="{quoted}"'


@lru_cache(maxsize=4096)
def _is_own(name: str) -> bool:
    return OWN.fullmatch(name) is not None
