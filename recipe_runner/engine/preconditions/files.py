"""Files and directories, and what files must contain: a digest, a signature."""

from __future__ import annotations

import hashlib
import stat
import tempfile
from pathlib import Path
from typing import Annotated, ClassVar, Self

from pydantic import AfterValidator, Field, model_validator
from typing_extensions import override

from recipe_runner import gpgv
from recipe_runner.engine.preconditions.base import Finding, Precondition, World
from recipe_runner.engine.preconditions.keys import Fingerprint, certificate
from recipe_runner.engine.preconditions.sizes import show_size
from recipe_runner.errors import Diagnostic, UnmetError, VerificationError

SUFFIXES = (".gpg", ".asc", ".sig", ".sign")
"""Names under which detached signatures lie beside their files: Ubuntu's, GnuPG's two, Debian's."""

LARGEST_SIGNATURE = 1024 * 1024


class File(Precondition):
    """A file is there, has a digest, and is signed by one key."""

    kind: ClassVar[str] = "file"
    summary: ClassVar[str] = "a file is there, with a wanted digest or a good signature"

    file: str = Field(min_length=1)
    sha256: Annotated[str, AfterValidator(str.lower), Field(pattern=r"^[0-9A-Fa-f]{64}$")] | None = None
    signed_by: Fingerprint | None = Field(None, description="fingerprint of the signer's primary key")
    signature: str | None = Field(None, min_length=1, description="the detached signature, if not beside the file")

    @model_validator(mode="after")
    def _signature_has_a_signer(self) -> Self:
        if self.signature is not None and self.signed_by is None:
            raise ValueError("`signature` says nothing without `signed-by`")
        return self

    @override
    def text(self) -> str:
        wanted = f" with sha256 {self.sha256}" if self.sha256 else ""
        return f"file `{self.file}`{wanted}" + (f" signed by {self.signed_by}" if self.signed_by else "")

    @override
    def limit(self) -> float:
        return 30.0 if self.sha256 is None and self.signed_by is None else 600.0

    @override
    def evaluate(self, world: World) -> Finding:
        path = world.path(self.file)
        try:
            status = path.stat()
            if not stat.S_ISREG(status.st_mode):
                return Finding(met=False, detail=f"`{self.file}` is not a file")
            found = [show_size(status.st_size)]
            if self.sha256 is not None:
                with path.open("rb") as file:
                    digest = hashlib.file_digest(file, "sha256").hexdigest()
                if digest != self.sha256:
                    return Finding(met=False, detail=f"its sha256 is {digest}", hint="get the file again")
                found.append("sha256 agrees")
            if self.signed_by is not None:
                found.append(self._signed(path, self.signed_by, world))
        except OSError as error:
            return _unreadable(self.file, error)
        return Finding(met=True, detail=", ".join(found))

    def _signed(self, path: Path, signer: str, world: World) -> str:
        places = [world.path(self.signature)] if self.signature else [Path(f"{path}{end}") for end in SUFFIXES]
        place = next((place for place in places if place.exists()), None)
        if place is None:
            raise UnmetError(
                Diagnostic(
                    f"no signature: looked for {', '.join(f'`{place.name}`' for place in places)}",
                    hint="put the detached signature beside the file, or name it with `signature:`",
                ),
            )
        with place.open("rb") as file:
            signature = file.read(LARGEST_SIGNATURE)
        try:
            gpgv.verify_detached(
                path, signature, certificates=[certificate(signer, world)], primaries=frozenset({signer})
            )
        except VerificationError as error:
            raise UnmetError(
                Diagnostic(f"`{place.name}`: {error}", hint="do not use the file; ask its publisher"),
            ) from error
        return f"signed by {signer}"


class Dir(Precondition):
    """A directory is there and, unless that is not wanted, files can be made in it."""

    kind: ClassVar[str] = "dir"
    summary: ClassVar[str] = "a directory is there and can be written to"

    dir: str = Field(min_length=1)
    writable: bool = True

    @override
    def text(self) -> str:
        return f"{'writable ' if self.writable else ''}directory `{self.dir}`"

    @override
    def evaluate(self, world: World) -> Finding:
        path = world.path(self.dir)
        try:
            status = path.stat()
        except OSError as error:
            return _unreadable(self.dir, error)
        if not stat.S_ISDIR(status.st_mode):
            return Finding(met=False, detail=f"`{self.dir}` is not a directory")
        if not self.writable:
            return Finding(met=True, detail=str(path))
        try:
            tempfile.TemporaryFile(dir=path).close()
        except OSError as error:
            return Finding(met=False, detail=f"no file can be made in `{self.dir}`: {error.strerror}")
        return Finding(met=True, detail=f"{path} is writable")


def _unreadable(name: str, error: OSError) -> Finding:
    reason = "is not there" if isinstance(error, FileNotFoundError) else f"cannot be used: {error.strerror}"
    return Finding(met=False, detail=f"`{name}` {reason}")
