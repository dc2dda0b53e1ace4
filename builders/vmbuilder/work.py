"""One conversion while it goes on: the settings that are asked, the files they name, what has been made of them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from builders.vmbuilder.settings import Settings
from recipe_runner.errors import Diagnostic, Span
from recipe_runner.sanitise import line

FILES = "files"
"""The folder beside the definition that holds what it names."""


@dataclass(frozen=True, slots=True)
class Remark:
    """Something the person should know of one setting: where it is, what became of it."""

    option: str
    text: str
    span: Span | None


@dataclass
class Conversion:
    """A definition's tables by key, its files (bytes, and whether it can be run) by path from its folder, remarks."""

    table: dict[str, Any] = field(default_factory=dict)
    files: dict[str, tuple[bytes, bool]] = field(default_factory=dict)
    remarks: list[Remark] = field(default_factory=list)


class Work:
    """What the steps of a conversion share; relative paths in the settings are below `folder`."""

    def __init__(self, settings: Settings, folder: Path) -> None:
        self.settings, self.folder = settings, folder
        self.made = Conversion()
        self.faults: list[Diagnostic] = []

    def text(self, name: str) -> str:
        setting = self.settings.last(name)
        return setting.value.strip() if setting else ""

    def span(self, name: str) -> Span | None:
        setting = self.settings.last(name)
        return setting.span if setting else None

    def remark(self, name: str, text: str, span: Span | None = None) -> None:
        self.made.remarks.append(Remark(name, text, span or self.span(name)))

    def fault(self, name: str, message: str, hint: str | None = None, span: Span | None = None) -> None:
        self.faults.append(Diagnostic(f"`{name}`: {message}", span or self.span(name), hint))

    def list_of(self, name: str) -> list[str]:
        return list(dict.fromkeys(word for word, _ in self.settings.every(name)))

    def path(self, text: str) -> Path:
        return self.folder / Path(text).expanduser()

    def read(self, name: str, text: str, span: Span | None = None) -> bytes | None:
        """Return the bytes of a file that a setting names; a fault where it cannot be read."""
        try:
            return self.path(text).read_bytes()
        except OSError as fault:
            self.fault(name, f"cannot read `{line(text)}`: {fault.strerror}", span=span)
            return None

    def attach(self, name: str, text: str, content: bytes, *, executable: bool = False) -> str:
        """Keep a file's bytes and return its path from the definition."""
        plain = re.sub(r"[^A-Za-z0-9._-]", "-", PurePosixPath(text).name) or name
        path, number = f"{FILES}/{plain}", 1
        while path in self.made.files and self.made.files[path][0] != content:
            number += 1
            path = f"{FILES}/{number}-{plain}"
        executable = executable or self.made.files.get(path, (b"", False))[1]
        self.made.files[path] = (content, executable)
        return path

    def script(self, name: str) -> str | None:
        """Keep a script that a setting names; one without an interpreter was run by sh."""
        if not (text := self.text(name)):
            return None
        content = self.read(name, text)
        if content is None:
            return None
        if not content.startswith(b"#!"):
            content = b"#!/bin/sh\n" + content
            self.remark(name, "the script names no interpreter: `#!/bin/sh` was put before it")
        return self.attach(name, text, content, executable=True)
