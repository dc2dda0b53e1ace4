"""OpenPGP keys in the user's keyring: fingerprints, certificates, and whether a secret key can sign now."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, ClassVar

from pydantic import BeforeValidator, Field
from typing_extensions import override

from recipe_runner.engine.preconditions.base import Finding, Precondition, World
from recipe_runner.engine.preconditions.probe import ask
from recipe_runner.errors import Diagnostic, UnmetError
from recipe_runner.language.parameter_types import PARAMETER_TYPES
from recipe_runner.memory import memory

GPG = ("gpg", "--no-options", "--batch", "--no-tty", "--no-auto-check-trustdb")
STATES = {"r": "revoked", "e": "expired", "i": "invalid", "n": "not valid"}
"""Second field of a key's line (GnuPG, doc/DETAILS) where the key cannot be used."""


def _canonical(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        return PARAMETER_TYPES["fingerprint"].convert(value)
    except ValueError:
        raise ValueError(f"found `{value}`, wanted {PARAMETER_TYPES['fingerprint'].wanted}") from None


Fingerprint = Annotated[str, BeforeValidator(_canonical), Field(description="40 (or 64) hexadecimal digits")]


def certificate(fingerprint: str, world: World) -> bytes:
    """Return the public certificate from the user's keyring; raises UnmetError where it is not there."""
    answer = ask((*GPG, "--export", fingerprint), world)
    if answer.stdout:
        return answer.stdout
    raise UnmetError(
        Diagnostic(
            f"the keyring has no certificate {fingerprint}",
            hint="get it over a channel you trust, compare the fingerprint, and `gpg --import` it",
        ),
    )


@dataclass(frozen=True, slots=True)
class _Key:
    """One line of `gpg --with-colons --list-secret-keys` with its fingerprint line."""

    fingerprint: str
    state: str
    signs: bool
    here: bool


class GpgKey(Precondition):
    """A secret key is in the keyring and can sign now, without asking anybody: it has just done so."""

    kind: ClassVar[str] = "gpg-key"
    summary: ClassVar[str] = "a secret OpenPGP key is here and able to sign"

    gpg_key: Fingerprint

    @override
    def text(self) -> str:
        return f"secret key {self.gpg_key} able to sign"

    @override
    def evaluate(self, world: World) -> Finding:
        keys = self._keys(world)
        wanted = next((key for key in keys if key.fingerprint == self.gpg_key), None)
        if wanted is None:
            return Finding(
                met=False,
                detail="the keyring has no such secret key",
                hint="import the secret key, or point `GNUPGHOME` at the keyring that has it",
            )
        for key in (keys[0], wanted):
            if key.state in STATES:
                return Finding(
                    met=False,
                    detail=f"key {key.fingerprint} is {STATES[key.state]}",
                    hint="extend it with `gpg --quick-set-expire`" if key.state == "e" else "use another key",
                )
        if not wanted.here and wanted is not keys[0]:
            return Finding(met=False, detail="only a stub is here, not the secret key", hint="import the secret key")
        return self._sign(world, keys, exactly=wanted.signs)

    def _keys(self, world: World) -> list[_Key]:
        answer = ask((*GPG, "--with-colons", "--list-secret-keys", self.gpg_key), world)
        return list(_listed(answer.stdout.decode(errors="replace")))

    def _sign(self, world: World, keys: list[_Key], *, exactly: bool) -> Finding:
        """Sign to standard output: gpg deletes the file named by `--output` when it fails, be it `/dev/null`."""
        user = f"{self.gpg_key}!" if exactly else self.gpg_key
        with memory() as status:
            how = ("--pinentry-mode", "error", "--status-fd", str(status), "--local-user", user, "--detach-sign")
            answer = ask((*GPG, *how), world, stdin="can this key sign?\n", descriptors=(status,))
            said = os.pread(status, os.fstat(status).st_size, 0)
        created = re.findall(rb"^\[GNUPG:\] SIG_CREATED D \d+ \d+ 00 \d+ ([0-9A-F]+)$", said, re.MULTILINE)
        signers = {fingerprint.decode() for fingerprint in created}
        if answer.code == 0 and len(created) == 1 and signers <= {key.fingerprint for key in keys if key.signs}:
            return Finding(met=True, detail=f"signed with {signers.pop()}")
        reason = answer.last_line().removeprefix("gpg: ")
        if "No pinentry" in reason:
            return Finding(
                met=False,
                detail="the key is locked by a passphrase that the agent does not hold",
                hint=f"unlock it first: `gpg --local-user {self.gpg_key} --clearsign </dev/null`",
            )
        return Finding(met=False, detail=reason or "gpg made no signature", hint="use a key that can sign")


def _listed(colons: str) -> Iterator[_Key]:
    fields: list[str] = []
    for line in colons.split("\n"):
        match line.split(":"):
            case ["sec" | "ssb", *_] as found:
                fields = found
            case ["fpr", *rest] if fields:
                yield _Key(rest[8], fields[1], signs="s" in fields[11], here=fields[14] != "#")
                fields = []
