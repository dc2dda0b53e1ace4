"""A policy file as it is written: TOML, checked key by key, each fault at its line."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
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
from recipe_runner.journal.records.identity import fingerprint, kind_of
from recipe_runner.journal.witness.head import Moment
from recipe_runner.language.attribute_rules import WORD
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


def _word(value: object) -> str:
    if not isinstance(value, str) or not WORD.fullmatch(value):
        raise ValueError("wanted the name of a role, as `by=` and `role=` have it")
    return value


def _demand(value: object) -> object:
    if type(value) is int and value >= 1:
        return {"count": value}
    if isinstance(value, dict):
        return value
    raise ValueError('wanted a number of people, or `{ count = 2, role = "release-team" }`')


Role = Annotated[str, BeforeValidator(_word)]


class _Person(_Table):
    roles: list[Role] = Field(default=[], description="what they may run or approve where a step asks for a role")


class OpenPgpPerson(_Person):
    """Somebody with an OpenPGP key."""

    fingerprint: Annotated[str, BeforeValidator(_fingerprint)] = Field(description="of the primary key, in full")
    certificate: str = Field(min_length=1, description="file with the public key, beside the policy file")


class SshPerson(_Person):
    """Somebody with an SSH key."""

    ssh: Annotated[str, BeforeValidator(_ssh_key)] = Field(description="the public key, as in its `.pub` file")


def _which(value: object) -> str:
    return SSH if isinstance(value, dict) and "ssh" in value else OPENPGP


Person = Annotated[Annotated[OpenPgpPerson, Tag(OPENPGP)] | Annotated[SshPerson, Tag(SSH)], Discriminator(_which)]


class Wanted(_Table):
    """Who must have approved a step."""

    count: int = Field(ge=1, description="number of people")
    role: Role | None = Field(None, description="the role they must have")


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
    signers: list[Person] = Field(min_length=1, description="who may run, and so sign a run")
    approvers: list[Person] = Field(default=[], description="who may approve steps of runs that others sign")
    recipe: ExpectedRecipe = ExpectedRecipe(name=None, sha256=None)
    parameters: dict[str, Annotated[str | list[str], PlainValidator(_texts)]] = Field(
        default={}, description="values the run must have had"
    )
    approvals: dict[str, Annotated[Wanted, BeforeValidator(_demand)]] = Field(
        default={}, description="step id → who must have approved it, besides what the recipe asks for"
    )
    witnesses: list[NamedWitness] = Field(default=[])


def fingerprint_of(person: Person) -> str:
    """Return the fingerprint that stands for somebody."""
    return person.fingerprint if isinstance(person, OpenPgpPerson) else SshKey.read(person.ssh).fingerprint


def parse_policy(text: str, path: str) -> PolicyFile:
    """Check a policy's text; `path` is its name in diagnostics. Raises UsageError."""
    try:
        return PolicyFile.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise UsageError(_syntax(text, path, str(error))) from error
    except ValidationError as error:
        raise UsageError(*gather(_faults(text, path, error.errors(include_url=False)))) from error


def read_policy(path: Path) -> str:
    """Return the text of a policy file; raises UsageError."""
    return read_capped(path).decode("utf-8", "replace")


def read_capped(path: Path) -> bytes:
    """Return the bytes of a small file; raises UsageError."""
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST + 1)
    except OSError as error:
        raise UsageError.because(
            f"cannot read `{path}`: {error.strerror}", hint="name a file that can be read"
        ) from error
    if len(data) > LARGEST:
        raise UsageError.because(f"`{path}` has more than {LARGEST} bytes")
    return data


def _syntax(text: str, path: str, message: str) -> Diagnostic:
    found = re.search(r"^(.*) \(at line (\d+), column (\d+)\)$", message)
    what, row, column = (found[1], int(found[2]), int(found[3])) if found else (message, len(text.splitlines()) or 1, 1)
    shown = [*text.splitlines(), ""][row - 1]
    return Diagnostic(
        f"not TOML: {line(what[:1].lower() + what[1:])}",
        Span(path, row, column, 1, shown),
        "name a policy, such as `recipe policy FILE` writes",
    )


def _faults(text: str, path: str, errors: list[ErrorDetails]) -> Iterator[Diagnostic]:
    for error in errors:
        names = [str(part) for part in error["loc"] if isinstance(part, str) and part not in {OPENPGP, SSH}]
        names = names or ["policy"]
        match error["type"]:
            case "extra_forbidden":
                yield Diagnostic(f"unknown key `{line(names[-1])}`", place_of(text, path, names[-1]), "remove it")
            case "missing":
                yield Diagnostic(
                    f"`{names[-1]}` is missing", place_of(text, path, *names[:-1]), f"add `{names[-1]} = …`"
                )
            case _:
                wanted = error["msg"].removeprefix("Value error, ")
                found = f"found `{line(str(error['input']))[:60]}`, {wanted[:1].lower()}{wanted[1:]}"
                yield Diagnostic(f"`{names[-1]}`: {found}", place_of(text, path, names[-1]))


def place_of(text: str, path: str, *names: str) -> Span:
    """Return the first place where the last of `names` is written, or the file's first line."""
    rows = text.splitlines() or [""]
    for row, content in enumerate(rows, 1):
        if names and names[-1] in content:
            return Span(path, row, content.index(names[-1]) + 1, len(names[-1]), content)
    return Span(path, 1, 1, 1, rows[0])
