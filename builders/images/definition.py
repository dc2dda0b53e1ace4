"""Definitions: what an image is, written in TOML, checked whole before anything is built."""

from __future__ import annotations

import difflib
import re
import tomllib
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails

from builders.images.places import find
from builders.images.size import MIB, parse_size
from recipe_runner.errors import Diagnostic, Span, UsageError, gather
from recipe_runner.sanitise import line

SMALLEST_DISK = 128 * MIB


def _size(value: object) -> object:
    return parse_size(value) if isinstance(value, str) else value


def _matching(pattern: str, wanted: str) -> AfterValidator:
    def check(text: str) -> str:
        if not re.fullmatch(pattern, text, re.ASCII):
            raise ValueError(f"wanted {wanted}")
        return text

    return AfterValidator(check)


Word = Annotated[str, _matching(r"[a-z][a-z0-9-]{0,39}", "a lower-case word such as `karmic`")]
Package = Annotated[str, _matching(r"[a-z0-9][a-z0-9+.-]+", "a package name such as `openssh-server`")]
Component = Literal["main", "contrib", "non-free", "non-free-firmware", "restricted", "universe", "multiverse"]
Output = Literal[
    "qcow2", "raw", "vmdk", "vhd", "filesystem", "squashfs", "root-tar.gz", "root-tar.xz", "bundle", "unpacked"
]
DEFAULT_OUTPUTS: tuple[Output, ...] = ("qcow2", "raw", "bundle", "unpacked")
KernelArguments = Annotated[
    str, _matching(r"[A-Za-z0-9_.,:=/@+ -]{0,512}", "kernel arguments without quotes, `$`, `;` or braces")
]
Line = Annotated[str, _matching(r"[^\x00-\x1f\x7f\"\\$`]{1,120}", "one line of text without quotes, `$`, backslash")]
Size = Annotated[int, BeforeValidator(_size)]


class Model(BaseModel):
    """The base of every value here: immutable, strict, and a misspelt key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Archive(Model):
    """Where packages come from, beyond what the distribution already knows."""

    components: tuple[Component, ...] = Field(
        ("main",),
        min_length=1,
        strict=False,
        description="the archive's components to build from and write into the image",
    )


class Disk(Model):
    """The disk that is made."""

    size: Size = Field(
        ge=SMALLEST_DISK,
        multiple_of=MIB,
        description="`1 GiB`, `160 MiB`; whole MiB; 67 MiB of it are not the root",
    )


class Boot(Model):
    """How the image starts, and how a boot test knows that it did."""

    arguments: KernelArguments = Field(
        "console=tty0 console=ttyS0,115200n8", description="kernel command line; the serial console is watched"
    )
    marker: Line = Field("login:", description="text on the serial console that proves the machine is up")


class Definition(Model):
    """One image: a distribution's suite, its packages and its disk."""

    distribution: str = Field(description="the family that knows the archive: a name in `builders.distros`")
    codename: Word = Field(description="the suite, and the folder in the tree: `karmic`, `bookworm`")
    architecture: Literal["amd64"] = "amd64"
    title: Line = Field(description="one line for people: shown in build-info.txt")
    kernel: Package | None = Field(None, description="the kernel's package, where the distribution needs one named")
    packages: tuple[Package, ...] = Field((), strict=False, description="installed besides the essential ones")
    documentation: bool = Field(True, description="keep manual pages, translations and package documentation")
    outputs: tuple[Output, ...] = Field(
        DEFAULT_OUTPUTS, min_length=1, strict=False, description="the files people take home, besides those that prove"
    )
    archive: Archive = Archive(components=("main",))
    disk: Disk
    boot: Boot = Boot(arguments="console=tty0 console=ttyS0,115200n8", marker="login:")


def read_text(path: Path) -> str:
    """Return a definition file's text; raises UsageError when it cannot be read."""
    try:
        return path.read_text("utf-8")
    except OSError as fault:
        raise UsageError.because(f"cannot read `{line(str(path))}`: {fault.strerror}") from fault
    except UnicodeDecodeError as fault:
        raise UsageError.because(f"`{line(str(path))}` is not UTF-8 text", hint="save the file as UTF-8") from fault


def parse_definition(text: str, file: str) -> Definition:
    """Check a definition's text; raises UsageError with every fault, each at its line of `file`."""
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as fault:
        raise UsageError(_syntax(text, file, str(fault))) from fault
    try:
        return Definition.model_validate(table)
    except ValidationError as fault:
        raise UsageError(*gather(_fault(text, file, e) for e in fault.errors(include_url=False))) from fault


def _syntax(text: str, file: str, message: str) -> Diagnostic:
    lines = text.splitlines() or [""]
    found = re.search(r"\(at line (\d+), column (\d+)\)", message)
    number = min(int(found[1]), len(lines)) if found else len(lines)
    column = int(found[2]) if found else max(1, len(lines[-1]))
    what = message.split(" (at ", maxsplit=1)[0]
    return Diagnostic(
        f"not TOML: {line(what[:1].lower() + what[1:])}",
        Span(file, number, column, 1, lines[number - 1]),
        hint="see https://toml.io for the syntax",
        code="D001",
    )


def _fault(text: str, file: str, error: ErrorDetails) -> Diagnostic:
    path = error["loc"]
    key = ".".join(str(part) for part in path if not isinstance(part, int))
    span = find(text, path, file, error["input"])
    match error["type"]:
        case "extra_forbidden":
            near = difflib.get_close_matches(str(path[-1]), _known(path[:-1]), 1)
            hint = f"write `{near[0]}`" if near else f"remove it; known here: {', '.join(_known(path[:-1]))}"
            return Diagnostic(f"unknown key `{line(key)}`", span, hint, "D002")
        case "missing":
            return Diagnostic(f"key `{key}` is missing", span, f"add `{path[-1]} = …`", "D003")
        case _:
            wanted = error["msg"].removeprefix("Value error, ")
            found = line(str(error["input"])[:60])
            return Diagnostic(f"`{key}` cannot be `{found}`: {wanted[:1].lower() + wanted[1:]}", span, code="D004")


def _known(path: tuple[str | int, ...]) -> list[str]:
    return list(_model(path).model_fields)


def _model(path: tuple[str | int, ...]) -> type[Model]:
    model: type[Model] = Definition
    for part in path:
        inner = model.model_fields[str(part)].annotation
        if isinstance(inner, type) and issubclass(inner, Model):
            model = inner
    return model
