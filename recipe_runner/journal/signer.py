"""Who signs: the Protocol a journal needs, and OpenPGP keys by gpg.

gpg signs only; what signatures are worth, `recipe_runner.gpgv` judges. The key is named by `--local-user FPR!`, since
`--default-key` falls back to another one in silence, and compared with the one that gpg says it signed with.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from recipe_runner.errors import IncompleteError, RecipeError, UnmetError
from recipe_runner.gpgv import verify_detached
from recipe_runner.journal.keys import choose, gpg_options, run_gpg, secret_keys
from recipe_runner.journal.signature import form_fault
from recipe_runner.sanitise import line

PROBE = b"recipe-run-probe/v1\n"
TRIES = 2
"""An interrupt typed while gpg works reaches gpg too; the second try is for that."""
FINGERPRINT = 7
"""Where a line `[GNUPG:] SIG_CREATED` names the key that signed."""


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

    @classmethod
    def find(cls, fingerprint: str | None, *, home: Path | None = None) -> GpgSigner:
        """Return the named key, or the only secret key that can sign, after it has signed a probe.

        `home` replaces GNUPGHOME. Raises UnmetError where the key is missing, expired, revoked, not made for signing,
        without its secret part, or unable to sign, and where none is named but several could be meant.
        """
        where = str(home) if home else None
        key = choose(secret_keys(where), fingerprint)
        signer = cls(key.primary, key.fingerprint, where)
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
        said = b""
        for _ in range(TRIES):
            made, status, said = self._detach_sign(statement)
            if status is not None and _signed_with(status) == self.signing:
                text = made.decode("ascii", "replace")
                fault = form_fault(text, statement, signing=self.signing)
                if fault is None:
                    return text
                raise IncompleteError.because(f"gpg's signature cannot be used: {fault}")
        words = said.decode("utf-8", "replace").splitlines() or ["no reason given"]
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

    def _detach_sign(self, statement: bytes) -> tuple[bytes, bytes | None, bytes]:
        """Run gpg once; return the signature, its status lines (None where it failed), and what it said to people.

        Everything passes through memory files: nothing can block, and no status line can hide among messages.
        """
        with _memory(statement) as given, _memory() as made, _memory() as status, _memory() as said:
            argv = ["gpg", *gpg_options(self.home), "--batch", "--no-tty", "--status-fd", str(status)]
            argv += [
                "--local-user",
                f"{self.signing}!",
                "--no-emit-version",
                "--no-comments",
                "--armor",
                "--detach-sign",
            ]
            try:
                done = subprocess.run(argv, stdin=given, stdout=made, stderr=said, pass_fds=(status,), check=False)
            except OSError as error:
                return b"", None, f"gpg: {error.strerror}".encode()
            return _content(made), _content(status) if done.returncode == 0 else None, _content(said)


def _signed_with(status: bytes) -> str | None:
    """Return the fingerprint of the key that made the only signature, by gpg's status lines (GnuPG, doc/DETAILS)."""
    created = [row.split(b" ") for row in status.split(b"\n") if row.startswith(b"[GNUPG:] SIG_CREATED ")]
    if len(created) != 1 or len(created[0]) <= FINGERPRINT:
        return None
    return created[0][FINGERPRINT].decode("ascii", "replace")


@contextmanager
def _memory(data: bytes = b"") -> Iterator[int]:
    """Hold bytes in a memory file that a child can read or write, for the time of a `with` block."""
    descriptor = os.memfd_create("recipe-signature", os.MFD_CLOEXEC)
    try:
        os.write(descriptor, data)
        os.lseek(descriptor, 0, os.SEEK_SET)
        yield descriptor
    finally:
        os.close(descriptor)


def _content(descriptor: int) -> bytes:
    return os.pread(descriptor, os.fstat(descriptor).st_size, 0)
