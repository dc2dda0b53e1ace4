"""A recipe and the recipes it includes, put together in the order of reading."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from urllib.parse import unquote

import msgspec

from recipe_runner.errors import Diagnostic, InvalidRecipeError, Span
from recipe_runner.language.codes import Code
from recipe_runner.language.elements import Element, Include
from recipe_runner.language.header import Preamble, read_header
from recipe_runner.language.model import Requirement, Source
from recipe_runner.language.outline import outline
from recipe_runner.language.parameters import Parameter
from recipe_runner.language.source import Document
from recipe_runner.sanitise import line

Read = Callable[[str], bytes]
NOT_RELATIVE = re.compile(r"^/|\\|\0|^[^/]*:")
"""An absolute path, one of another system, or an address."""
MOST = 100
"""Files in one recipe; more is a mistake."""


@dataclass(slots=True)
class Assembly:
    """Everything the files of one recipe say, joined; `faults` collects what is wrong.

    `directory` is the recipe's own; inside it files are known by their paths from there. With `outward`, links may
    leave it, and `read` says how far.
    """

    directory: str
    read: Read | None
    outward: bool = False
    title: str | None = None
    elements: list[Element] = field(default_factory=list)
    params: dict[str, Parameter] = field(default_factory=dict)
    requires: list[Requirement] = field(default_factory=list)
    sources: list[Source] = field(default_factory=list)
    faults: list[Diagnostic] = field(default_factory=list)
    _names: set[str] = field(default_factory=set)
    _open: list[str] = field(default_factory=list)
    _pending: str = ""

    def take(self, name: str, data: bytes, headings: tuple[str, ...] = ()) -> None:
        """Read one file, named from the recipe's directory, and where links stand those it includes; never raises."""
        self._names.add(name)
        path = self._path(name)
        try:
            document = Document.decode(path, data)
        except InvalidRecipeError as error:
            self.faults += error.diagnostics
            return
        self.sources.append(Source(path=path, sha256=document.sha256, size=document.size, data=data))
        self._open.append(name)
        preamble = read_header(document)
        self._join(preamble)
        parts = outline(document, preamble.first_line)
        self.faults += parts.faults
        if len(self._open) == 1:
            self.title = preamble.title or parts.title
        for element in parts.elements:
            element.headings = (*headings, *element.headings)
            element.prose = self._prose(element.prose)
            if isinstance(element, Include):
                self._pending = element.prose
                self._include(element, name)
            else:
                self.elements.append(element)
        self._pending = self._prose(parts.tail)
        self._open.pop()

    def _path(self, name: str) -> str:
        return posixpath.normpath(posixpath.join(self.directory, name))

    def _prose(self, own: str) -> str:
        """Return prose that waited for the next step, and `own` behind it."""
        joined = "\n\n".join(part for part in (self._pending, own) if part)
        self._pending = ""
        return joined

    def _include(self, element: Include, including: str) -> None:
        target = unquote(element.target.split("#", 1)[0])
        name = posixpath.normpath(posixpath.join(posixpath.dirname(including), target))
        if fault := self._refusal(element, target, name):
            self.faults.append(fault)
            return
        path = self._path(name)
        try:
            data = self.read(path) if self.read else b""
        except InvalidRecipeError as error:
            self.faults += (replace(d, span=d.span or element.span) for d in error.diagnostics)
        except OSError as error:
            self.faults.append(
                Diagnostic(
                    f"cannot read `{line(path)}`: {(error.strerror or type(error).__name__).lower()}",
                    element.span,
                    "correct the link, it is relative to this file",
                    Code.INCLUDE_UNREADABLE,
                )
            )
        else:
            self.take(name, data, element.headings)

    def _refusal(self, element: Include, target: str, name: str) -> Diagnostic | None:
        """Return why a link cannot be followed, if it cannot."""
        span = element.span
        shown = line(target)
        if not target or NOT_RELATIVE.search(target):
            return Diagnostic(
                f"cannot include `{shown}`, wanted a path relative to this file",
                span,
                "write a path such as `milestone.md`",
                Code.INCLUDE_PATH,
            )
        if name.split("/", 1)[0] == ".." and not self.outward:
            return Diagnostic(
                f"`{shown}` leaves the directory of the recipe",
                span,
                "move the included file beside the recipe or below it, or name its directory with --includes",
                Code.INCLUDE_OUTSIDE,
            )
        if self.read is None:
            return Diagnostic(
                f"`{shown}` cannot be included here", span, "put the steps into this file", Code.INCLUDE_UNREADABLE
            )
        return self._repetition(name, span)

    def _repetition(self, name: str, span: Span) -> Diagnostic | None:
        if name in self._open:
            chain = " → ".join(f"`{line(part)}`" for part in (*self._open[self._open.index(name) :], name))
            return Diagnostic(f"this include never ends: {chain}", span, "remove one of the links", Code.INCLUDE_CYCLE)
        if name in self._names:
            return Diagnostic(
                f"`{line(name)}` is included a second time, so its ids would clash",
                span,
                "remove one of the links",
                Code.INCLUDE_TWICE,
            )
        if len(self._names) >= MOST:
            return Diagnostic(f"more than {MOST} files are included", span, "include fewer files", Code.INCLUDE_MANY)
        return None

    def _join(self, preamble: Preamble) -> None:
        self.faults += preamble.faults
        for parameter in preamble.params:
            first = self.params.setdefault(parameter.name, parameter)
            if first is not parameter and msgspec.structs.replace(first, span=parameter.span) != parameter:
                self.faults.append(_clash(first, parameter))
        self.requires += preamble.requires


def _clash(first: Parameter, second: Parameter) -> Diagnostic:
    place: Span | None = first.span
    where = f"{line(place.path)}:{place.line}" if place else "another file"
    return Diagnostic(
        f"the parameter `{second.name}` is declared differently at {where}",
        second.span,
        "declare it alike in both files, or in one only",
        Code.PARAMETER_CLASH,
    )
