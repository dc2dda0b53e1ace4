"""Who signs: the Protocol a journal needs, and OpenPGP keys by python-gnupg.

python-gnupg signs only; nothing it says about a signature is believed (see `recipe_runner.gpgv`). Its `keyid=` becomes
`--default-key`, which falls back to another key in silence: the key is named by `--local-user FPR!` and compared.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from recipe_runner.errors import IncompleteError, RecipeError, UnmetError
from recipe_runner.gpgv import verify_detached
from recipe_runner.journal.keys import choose, gpg_options, run_gpg, secret_keys
from recipe_runner.journal.signature import form_fault
from recipe_runner.sanitise import line

if TYPE_CHECKING:
    import gnupg

PROBE = b"recipe-run-probe/v1\n"
TRIES = 2
"""An interrupt typed while gpg works reaches gpg too; the second try is for that."""


class Signer(Protocol):
    """A key that signs: the fingerprints of its primary key and of the key that makes the signatures."""

    @property
    def primary(self) -> str:
        """The fingerprint that stands for the person, in upper-case hexadecimal."""
        ...

    @property
    def signing(self) -> str:
        """The fingerprint of the key itself: the primary's own, or a subkey's."""
        ...

    def sign(self, statement: bytes) -> str:
        """Return an armored detached signature; raises IncompleteError."""
        ...

    def certificate(self, primary: str) -> bytes:
        """Return a public certificate in armor from the same keyring; raises UnmetError where it is not there."""
        ...


@dataclass(frozen=True, slots=True)
class GpgSigner:
    """An OpenPGP key in a gpg keyring."""

    primary: str
    signing: str
    home: str | None = None
    _gpg: gnupg.GPG = field(repr=False, compare=False, kw_only=True)

    @classmethod
    def find(cls, fingerprint: str | None, *, home: Path | None = None) -> GpgSigner:
        """Return the named key, or the only secret key that can sign, after it has signed a probe.

        `home` replaces GNUPGHOME. Raises UnmetError where the key is missing, expired, revoked, not made for signing,
        without its secret part, or unable to sign, and where none is named but several could be meant.
        """
        import gnupg  # noqa: PLC0415 - only runs that sign pay for it

        where = str(home) if home else None
        key = choose(secret_keys(where), fingerprint)
        try:
            gpg = gnupg.GPG(gnupghome=where, options=gpg_options(None))
        except (OSError, ValueError) as error:
            raise UnmetError.because(f"gpg cannot be used: {line(str(error))}") from error
        signer = cls(key.primary, key.fingerprint, where, _gpg=gpg)
        try:
            made = signer.sign(PROBE).encode()
            certificate = signer.certificate(key.primary)
            verify_detached(PROBE, made, certificates=[certificate], primaries=frozenset({key.primary}))
        except RecipeError as error:
            raise UnmetError.because(
                f"secret key `{key.primary}` cannot sign: {error}",
                hint="unlock it, or see what `gpg --local-user FINGERPRINT --clearsign` says",
            ) from error
        return signer

    def sign(self, statement: bytes) -> str:
        """Return an armored detached signature by exactly this key; raises IncompleteError."""
        options = ["--local-user", f"{self.signing}!", "--no-emit-version", "--no-comments"]
        said = ""
        for _ in range(TRIES):
            made = self._gpg.sign(statement, detach=True, extra_args=options)
            text: str = made.data.decode("ascii", "replace")
            if made.returncode == 0 and made.fingerprint == self.signing:
                fault = form_fault(text, statement, signing=self.signing)
                if fault is None:
                    return text
                raise IncompleteError.because(f"gpg's signature cannot be used: {fault}")
            said = made.stderr
        words = [text for text in said.splitlines() if not text.startswith("[GNUPG:] ")] or ["no reason given"]
        raise IncompleteError.because(
            f"gpg could not sign with `{self.signing}`: {line(words[-1].removeprefix('gpg: '))}",
            hint="see whether gpg-agent runs and the key is unlocked, then `recipe resume`",
        )

    def certificate(self, primary: str) -> bytes:
        """Return a public certificate in armor from the same keyring; raises UnmetError where it is not there."""
        argv = ["gpg", *gpg_options(self.home), "--batch", "--no-tty", "--armor", "--export", primary]
        found = run_gpg(argv)
        if not found:
            raise UnmetError.because(
                f"the keyring has no certificate `{primary}`",
                hint="get it over a channel you trust, compare the fingerprint, and `gpg --import` it",
            )
        return found
