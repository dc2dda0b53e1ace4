"""The YAML at the top of a recipe: what it is called, what it asks for, what must hold before it starts."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import cast

from msgspec import Struct

from recipe_runner.errors import Diagnostic, InvalidRecipeError, Span
from recipe_runner.language.codes import Code
from recipe_runner.language.fragment import Fragment
from recipe_runner.language.model import Requirement
from recipe_runner.language.parameter_types import PARAMETER_TYPES
from recipe_runner.language.parameters import Parameter, TypeName
from recipe_runner.language.source import Document
from recipe_runner.sanitise import line as one_line

RULE = re.compile(r"---[ \t]*")
END = re.compile(r"(?:---|\.\.\.)[ \t]*")
KEY = re.compile(r"[\w-]+[ \t]*:(?:[ \t]|$)")
MARK = re.compile(r"recipe[ \t]*:")
NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
RESERVED = re.compile(
    r"(?:BASH|RECIPE_|LC_|LD_).*|PATH|HOME|IFS|PWD|OLDPWD|UID|EUID|PPID|GROUPS|SHELL|SHELLOPTS|SHLVL|ENV|LANG|TERM|USER"
    r"|TMPDIR|PS[0-4]|OPTARG|OPTIND|RANDOM|SECONDS|LINENO|FUNCNAME|PIPESTATUS|REPLY|DIRSTACK|HOSTNAME|EPOCH.*"
    r"|COLUMNS|LINES|HISTCMD|HOSTTYPE|MACHTYPE|OSTYPE|OPTERR|SRANDOM|MAPFILE|COPROC|COMP_.*|PYTHON.*|each"
)
"""Names that bash or the runner give a meaning of their own (bash manual, Shell Variables)."""


class Preamble(Struct, frozen=True):
    """What the header gave, as far as it could be read; the document's body begins at `first_line` (from 1)."""

    first_line: int = 1
    title: str | None = None
    params: tuple[Parameter, ...] = ()
    requires: tuple[Requirement, ...] = ()
    faults: tuple[Diagnostic, ...] = ()


def read_header(document: Document) -> Preamble:
    """Read the front matter; a document without one is no fault, and neither is front matter of other tools."""
    lines = document.lines
    if not RULE.fullmatch(lines[0]):
        return Preamble()
    end = next((index for index, line in enumerate(lines) if index and END.fullmatch(line)), None)
    rows = lines[1 : _paragraph(lines) if end is None else end]
    marked = any(MARK.match(line) for line in rows)
    if end is None:
        return Preamble(faults=(_unclosed(document),)) if marked else Preamble()
    if not marked:
        first = next((line for line in rows if line.strip() and not line.startswith("#")), "")
        return Preamble(first_line=end + 2) if KEY.match(first) else Preamble()
    return _read(document, rows, end + 2)


def _paragraph(lines: tuple[str, ...]) -> int:
    return next((index for index, line in enumerate(lines) if index and not line.strip()), len(lines))


def _unclosed(document: Document) -> Diagnostic:
    return Diagnostic(
        "the header that begins here is never closed",
        document.span(1, 0, 3),
        "add a line `---` after its last key",
        Code.HEADER_UNCLOSED,
    )


def _read(document: Document, rows: tuple[str, ...], first_line: int) -> Preamble:
    from recipe_runner.language.declarations import Header  # noqa: PLC0415 - pydantic, for recipes that have a header

    try:
        fragment, found = Fragment.read(document.passage(rows, 2))
    except InvalidRecipeError as error:
        return Preamble(first_line, faults=error.diagnostics)
    faults = list(found)
    try:
        fragment.validate(Header)
    except InvalidRecipeError as error:
        shorthands = _shorthands(fragment)
        faults += (replace(d, hint=shorthands.get(d.span, d.hint)) for d in error.diagnostics)
    if not isinstance(fragment.data, dict):
        return Preamble(first_line, faults=tuple(faults))
    title = fragment.data.get("title")
    return Preamble(
        first_line,
        title if isinstance(title, str) and title.strip() else None,
        tuple(_parameters(fragment, faults)),
        tuple(_requirements(fragment, faults)),
        tuple(faults),
    )


def _shorthands(fragment: Fragment) -> dict[Span | None, str]:
    """Return hints for parameters of which only the type was written, as in `serial: serial`, by their places."""
    declared = fragment.data.get("params") if isinstance(fragment.data, dict) else None
    return {
        fragment.at(("params", name)): f"write `{one_line(name)}: {{type: {kind}}}`"
        for name, kind in (declared.items() if isinstance(declared, dict) else ())
        if isinstance(kind, str) and kind in PARAMETER_TYPES
    }


def _parameters(fragment: Fragment, faults: list[Diagnostic]) -> list[Parameter]:
    """Return every declared parameter; one that is declared wrongly keeps name and type, by which uses are judged."""
    from recipe_runner.language.declarations import Declaration  # noqa: PLC0415 - as above

    declared = fragment.data.get("params")
    parameters = []
    for name in declared if isinstance(declared, dict) else ():
        span = fragment.at(("params", name), key=True)
        if not NAME.fullmatch(name):
            word = re.sub(r"[^A-Za-z0-9]+", "_", name).strip("_")
            hint = f"write `{word}`" if NAME.fullmatch(word) else "begin with a letter"
            faults.append(
                Diagnostic(
                    f"found the parameter name `{one_line(name)}`, wanted letters, digits and `_`",
                    span,
                    hint,
                    Code.PARAMETER_NAME,
                )
            )
        elif RESERVED.fullmatch(name):
            faults.append(
                Diagnostic(f"`{name}` has a meaning of its own", span, "choose another name", Code.PARAMETER_NAME)
            )
        try:
            parameters.append(fragment.sub(("params", name)).validate(Declaration).parameter(name, span))
        except InvalidRecipeError:
            kind = declared[name].get("type") if isinstance(declared[name], dict) else None
            kept = kind if isinstance(kind, str) and kind in PARAMETER_TYPES and kind != "choice" else "str"
            parameters.append(Parameter(name=name, span=span, type=cast("TypeName", kept)))
    return parameters


def _requirements(fragment: Fragment, faults: list[Diagnostic]) -> list[Requirement]:
    entries = fragment.data.get("requires")
    requirements = []
    for index, entry in enumerate(entries if isinstance(entries, list) else ()):
        arguments = fragment.sub(("requires", index))
        if not isinstance(entry, dict):
            continue
        if not entry:
            faults.append(
                Diagnostic(
                    "an empty requirement",
                    fragment.at(("requires", index)),
                    "write what is required, such as `command: gpg`",
                    Code.REQUIREMENT_EMPTY,
                )
            )
            continue
        kind = next(iter(entry))
        requirements.append(Requirement(kind=kind, arguments=arguments, span=arguments.at((kind,), key=True)))
    return requirements
