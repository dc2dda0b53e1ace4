"""Files that a definition names: read once, when it is read, so that what was checked is what is built."""

from __future__ import annotations

import hashlib
import re
import stat
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Annotated

from pydantic import PlainSerializer, PlainValidator, WithJsonSchema

from builders.images.size import MIB, format_size
from recipe_runner.sanitise import line

FOLDER = "inputs"
"""Where a build keeps the files of its definition, each under the sha256 of its bytes."""
LARGEST = 64 * MIB


class Written(str):
    """A text of a definition that knows the file it was written in; paths in it are relative to that file's folder."""

    __slots__ = ("file",)
    file: str

    @classmethod
    def in_file(cls, text: str, file: str) -> Written:
        """Return the text with its file."""
        written = cls(text)
        written.file = file
        return written


@dataclass(frozen=True)
class Attachment:
    """The bytes of one file; `path` is how the definition names it. Equal bytes are equal."""

    path: str = field(compare=False)
    content: bytes = field(repr=False)
    executable: bool = field(default=False, compare=False)

    @cached_property
    def sha256(self) -> str:
        """The digest of the bytes, in hex."""
        return hashlib.sha256(self.content).hexdigest()

    @property
    def name(self) -> str:
        """Its place among the files of a build, from the build's directory."""
        return f"{FOLDER}/{self.sha256}"


def attach(value: object) -> Attachment:
    """Read the file that a definition names; raises ValueError for one outside the definition's folder."""
    if isinstance(value, Attachment):
        return value
    parts = PurePosixPath(value).parts if isinstance(value, str) else ()
    if not isinstance(value, str) or not parts or value.startswith("/") or ".." in parts or "\0" in value:
        raise ValueError("wanted a path below the definition's folder, without `..`")
    folder = Path(value.file).parent if isinstance(value, Written) else Path()
    path = folder / value
    try:
        if not path.resolve(strict=True).is_relative_to(folder.resolve()):
            raise ValueError("wanted a file below the definition's folder: a link leads out of it")
        found = path.stat()
        if not stat.S_ISREG(found.st_mode):
            raise ValueError("wanted a file, this is something else")
        if found.st_size > LARGEST:
            raise ValueError(f"wanted at most {format_size(LARGEST)}; make a package of what is larger")
        content = path.read_bytes()
    except (OSError, RuntimeError) as fault:
        reason = fault.strerror if isinstance(fault, OSError) else "links lead in a circle"
        raise ValueError(f"cannot read the file: {line(reason or 'unknown')}") from fault
    kept = path.parent.name == FOLDER and re.fullmatch("[0-9a-f]{64}", path.name)
    if kept and path.name != hashlib.sha256(content).hexdigest():
        raise ValueError("its bytes are not those that its name promises")
    # a build's copy was checked when it was made, whatever a download has done to its mode
    return Attachment(str(value), content, bool(kept) or bool(found.st_mode & stat.S_IXUSR))


def attach_script(value: object) -> Attachment:
    """Read a script; raises ValueError also where it could not be run."""
    found = attach(value)
    if not found.content.startswith(b"#!"):
        raise ValueError("wanted a script that begins with `#!` and its interpreter")
    if not found.executable:
        raise ValueError("not executable; `chmod +x` it")
    return found


_WRITTEN = (PlainSerializer(lambda attachment: attachment.name, return_type=str), WithJsonSchema({"type": "string"}))
File = Annotated[Attachment, PlainValidator(attach), *_WRITTEN]
Script = Annotated[Attachment, PlainValidator(attach_script), *_WRITTEN]
