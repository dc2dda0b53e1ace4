"""Who signs: the Protocol a journal needs, and the probe that shows whether a key can."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from recipe_runner.errors import RecipeError, UnmetError
from recipe_runner.journal.signers.signature import verify_signature

PROBE = b"recipe-run-probe/v1\n"
Aside = Callable[[], None]
"""Gives the terminal to somebody else, such as a program that asks for a passphrase."""


class Signer(Protocol):
    """A key that signs: the fingerprints of its primary key and of the key that makes the signatures."""

    @property
    def primary(self) -> str:
        """The fingerprint that stands for the person: upper-case hexadecimal (OpenPGP), or `SHA256:…` (SSH)."""
        ...

    @property
    def signing(self) -> str:
        """The fingerprint of the key itself: the primary's own, or a subkey's."""
        ...

    def sign(self, statement: bytes) -> str:
        """Return an armored detached signature; raises IncompleteError."""
        ...

    def certificate(self, primary: str) -> bytes:
        """Return somebody's public key, as `verify_signature` takes it; raises UnmetError where it is not there."""
        ...


def prove(signer: Signer) -> None:
    """Have a signer sign a probe and judge it; raises UnmetError where that fails."""
    try:
        made = signer.sign(PROBE).encode()
        certificate = signer.certificate(signer.primary)
        verify_signature(PROBE, made, certificates=[certificate], primaries=frozenset({signer.primary}))
    except RecipeError as error:
        hints = [fault.hint for fault in error.diagnostics if fault.hint]
        raise UnmetError.because(
            f"secret key `{signer.primary}` cannot sign: {error}",
            hint=hints[0] if hints else "unlock it, or see what `gpg --local-user FINGERPRINT --clearsign` says",
        ) from error
