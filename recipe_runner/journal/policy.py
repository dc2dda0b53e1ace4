"""What an auditor demands of a run: a TOML file that names who may sign it, and what it must have been a run of."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    PlainValidator,
    Tag,
    ValidationError,
)
from pydantic_core import ErrorDetails

from recipe_runner.errors import Diagnostic, Span, UsageError, VerificationError, gather
from recipe_runner.gpgv import dearmor
from recipe_runner.journal.files import publish
from recipe_runner.journal.identity import fingerprint, kind_of
from recipe_runner.journal.signer import Signer
from recipe_runner.journal.witness.base import TrustedWitness
from recipe_runner.journal.witness.head import Moment
from recipe_runner.journal.witness.links import KIND as LEDGER
from recipe_runner.journal.witness.table import load
from recipe_runner.sanitise import line
from recipe_runner.ssh_key import SshKey

LARGEST = 1 << 20
OPENPGP, SSH = "(openpgp)", "(ssh)"
"""Tell the kinds of signers apart; no key of a policy file has such a name."""


def _fingerprint(value: object) -> object:
    found = fingerprint(value) if isinstance(value, str) else None
    if found is None or kind_of(found) != "openpgp":
        raise ValueError("wanted the 40 hexadecimal digits of a primary key's fingerprint")
    return found


def _ssh_key(value: object) -> object:
    try:
        return SshKey.read(value).line if isinstance(value, str) else SshKey.read("").line
    except VerificationError as error:
        raise ValueError("wanted one public key without options, such as `ssh-ed25519 AAAA…`") from error


def _texts(value: object) -> str | list[str]:
    match value:
        case str():
            return value
        case list() if all(isinstance(text, str) for text in value):
            return value
    raise ValueError("wanted a text or a list of texts, in quotation marks")


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class AllowedSigner(_Table):
    """Somebody who may sign a run with an OpenPGP key."""

    fingerprint: Annotated[str, BeforeValidator(_fingerprint)] = Field(description="of the primary key, in full")
    certificate: str = Field(min_length=1, description="file with the public key, beside the policy file")


class AllowedSshKey(_Table):
    """Somebody who may sign a run with an SSH key."""

    ssh: Annotated[str, BeforeValidator(_ssh_key)] = Field(description="the public key, as in its `.pub` file")


def _which(value: object) -> str:
    return SSH if isinstance(value, dict) and "ssh" in value else OPENPGP


AnySigner = Annotated[
    Annotated[AllowedSigner, Tag(OPENPGP)] | Annotated[AllowedSshKey, Tag(SSH)], Discriminator(_which)
]


class ExpectedRecipe(_Table):
    """What must have been run; what is left out may be anything."""

    name: str | None = Field(None, description="the recipe's file name")
    sha256: str | None = Field(None, pattern=r"^[0-9a-f]{64}$", description="of the recipe file's bytes")


class NamedWitness(_Table):
    """A witness whose word counts."""

    kind: str = Field(description="such as `tsa`, `git` or `s3`")
    address: str | None = Field(None, min_length=1, description="where it is asked; a path is beside the policy file")
    ca: str | None = Field(None, min_length=1, description="file with the certificates that its receipts rest on")
    required: list[Moment] = Field(default=[], description="`genesis`, `close`: what it must vouch for")


class PolicyFile(_Table):
    """The contents of a policy file."""

    policy: Literal[1] = Field(description="version of this format")
    signers: list[AnySigner] = Field(min_length=1)
    recipe: ExpectedRecipe = ExpectedRecipe(name=None, sha256=None)
    parameters: dict[str, Annotated[str | list[str], PlainValidator(_texts)]] = Field(
        default={}, description="values the run must have had"
    )
    approvals: dict[str, Annotated[int, Field(ge=1)]] = Field(
        default={}, description="step id → number of people who must have approved it"
    )
    witnesses: list[NamedWitness] = Field(default=[])


@dataclass(frozen=True, slots=True)
class Policy:
    """A policy with its certificates read, in the forms that `verify_signature` takes.

    `primaries` are the fingerprints of those who may sign.
    """

    primaries: frozenset[str]
    certificates: tuple[bytes, ...]
    recipe: ExpectedRecipe = field(default_factory=lambda: ExpectedRecipe(name=None, sha256=None))
    parameters: dict[str, str | list[str]] = field(default_factory=dict)
    approvals: dict[str, int] = field(default_factory=dict)
    witnesses: tuple[TrustedWitness, ...] = ()

    @classmethod
    def load(cls, path: Path) -> Policy:
        """Read a policy file and the certificates it names; raises UsageError with every fault, each at its line."""
        text = _read(path).decode("utf-8", "replace")
        written = parse_policy(text, str(path))
        certificates, primaries, faults = [], [], []
        for signer in written.signers:
            if isinstance(signer, AllowedSshKey):
                certificates.append(signer.ssh.encode())
                primaries.append(SshKey.read(signer.ssh).fingerprint)
                continue
            primaries.append(signer.fingerprint)
            try:
                certificates.append(dearmor(_read(path.parent / signer.certificate), "PUBLIC KEY BLOCK"))
            except (UsageError, VerificationError) as error:
                span = _span(text, str(path), signer.certificate)
                faults += [Diagnostic(f"`{line(signer.certificate)}`: {d.message}", span) for d in error.diagnostics]
        witnesses = []
        for named in written.witnesses:
            try:
                witnesses.append(_witness(named, path.absolute().parent))
            except UsageError as error:
                span = _span(text, str(path), named.ca or named.kind)
                faults += [Diagnostic(d.message, span, d.hint) for d in error.diagnostics]
        if faults:
            raise UsageError(*faults)
        return cls(
            frozenset(primaries),
            tuple(certificates),
            written.recipe,
            written.parameters,
            written.approvals,
            tuple(witnesses),
        )


def parse_policy(text: str, path: str) -> PolicyFile:
    """Check a policy's text; `path` is its name in diagnostics. Raises UsageError."""
    try:
        return PolicyFile.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise UsageError(_syntax(text, path, str(error))) from error
    except ValidationError as error:
        raise UsageError(*gather(_faults(text, path, error.errors(include_url=False)))) from error


def write_policy(path: Path, signer: Signer) -> None:
    """Write a policy that trusts one signer, whose OpenPGP certificate goes beside it; raises UsageError."""
    public = signer.certificate(signer.primary)
    head = "# Whose signature makes a run's journal trustworthy; read by `recipe verify RUN --policy THIS-FILE`.\n"
    try:
        if kind_of(signer.primary) == "ssh":
            entry = f'ssh = "{SshKey.read(public).line}"\n'
        else:
            certificate = path.with_name(f"{path.stem}-{signer.primary}.asc")
            entry = f'fingerprint = "{signer.primary}"\ncertificate = "{certificate.name}"\n'
            publish(certificate, public)
        publish(path, f"{head}policy = 1\n\n[[signers]]\n{entry}".encode())
    except OSError as error:
        raise UsageError.because(
            f"cannot write `{path}`: {error.strerror}", hint="name a file in a directory that can be written to"
        ) from error


def _witness(named: NamedWitness, beside: Path) -> TrustedWitness:
    kind = load(named.kind) if named.kind != LEDGER else None
    address = named.address
    if address is not None:
        if (beside / address.partition("#")[0]).is_dir():
            address = str(beside / address)
        if kind:
            kind.check(address)
    ca = beside / named.ca if named.ca else None
    if ca:
        _read(ca)
    return TrustedWitness(named.kind, address, ca, frozenset(named.required))


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST + 1)
    except OSError as error:
        raise UsageError.because(f"cannot read `{path}`: {error.strerror}", hint="name a file that is there") from error
    if len(data) > LARGEST:
        raise UsageError.because(f"`{path}` has more than {LARGEST} bytes")
    return data


def _syntax(text: str, path: str, message: str) -> Diagnostic:
    found = re.search(r"^(.*) \(at line (\d+), column (\d+)\)$", message)
    what, row, column = (found[1], int(found[2]), int(found[3])) if found else (message, len(text.splitlines()) or 1, 1)
    shown = [*text.splitlines(), ""][row - 1]
    return Diagnostic(f"not TOML: {line(what[:1].lower() + what[1:])}", Span(path, row, column, 1, shown))


def _faults(text: str, path: str, errors: list[ErrorDetails]) -> Iterator[Diagnostic]:
    for error in errors:
        names = [str(part) for part in error["loc"] if isinstance(part, str) and part not in {OPENPGP, SSH}]
        names = names or ["policy"]
        match error["type"]:
            case "extra_forbidden":
                yield Diagnostic(f"unknown key `{line(names[-1])}`", _span(text, path, names[-1]), "remove it")
            case "missing":
                yield Diagnostic(f"`{names[-1]}` is missing", _span(text, path, *names[:-1]), f"add `{names[-1]} = …`")
            case _:
                wanted = error["msg"].removeprefix("Value error, ")
                found = f"found `{line(str(error['input']))[:60]}`, {wanted[:1].lower()}{wanted[1:]}"
                yield Diagnostic(f"`{names[-1]}`: {found}", _span(text, path, names[-1]))


def _span(text: str, path: str, *names: str) -> Span:
    """Return the first place where the last of `names` is written, or the file's first line."""
    rows = text.splitlines() or [""]
    for row, content in enumerate(rows, 1):
        if names and names[-1] in content:
            return Span(path, row, content.index(names[-1]) + 1, len(names[-1]), content)
    return Span(path, 1, 1, 1, rows[0])
