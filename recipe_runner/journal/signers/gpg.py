"""OpenPGP keys that sign by gpg.

gpg signs only; what signatures are worth, `recipe_runner.gpgv` judges. The key is named by `--local-user FPR!`, since
`--default-key` falls back to another one in silence, and compared with the one that gpg says it signed with.
"""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from recipe_runner.errors import IncompleteError
from recipe_runner.journal.signers.certificate import public_key
from recipe_runner.journal.signers.gpg_keys import choose, gpg_options, secret_keys
from recipe_runner.journal.signers.signature import form_fault
from recipe_runner.journal.signers.signer import Aside, prove
from recipe_runner.memory import content, memory
from recipe_runner.sanitise import line

PINENTRY = ("error", "ask")
"""Ways to get a passphrase, tried in turn. gpg first signs without one, so that the screen is given away only if
somebody must be asked; the second try is also for an interrupt typed while gpg works, which reaches gpg too."""
FINGERPRINT = 7
"""Where a line `[GNUPG:] SIG_CREATED` names the key that signed."""


@dataclass(frozen=True, slots=True)
class GpgSigner:
    """An OpenPGP key in a gpg keyring; `aside` gives the terminal to whoever asks for a passphrase."""

    primary: str
    signing: str
    home: str | None = None
    aside: Aside | None = field(default=None, repr=False, compare=False)

    @classmethod
    def find(cls, fingerprint: str | None, *, home: Path | None = None, aside: Aside | None = None) -> GpgSigner:
        """Return the named key, or the only secret key that can sign, after it has signed a probe.

        `home` replaces GNUPGHOME. Raises UnmetError where the key is missing, expired, revoked, not made for signing,
        without its secret part, or unable to sign, and where none is named but several could be meant.
        """
        where = str(home) if home else None
        key = choose(secret_keys(where), fingerprint)
        signer = cls(key.primary, key.fingerprint, where, aside)
        prove(signer)
        return signer

    def sign(self, statement: bytes) -> str:
        """Return an armored detached signature by exactly this key; raises IncompleteError."""
        said = b""
        for pinentry in PINENTRY:
            if pinentry == "ask" and self.aside:
                self.aside()
            made, status, said = self._detach_sign(statement, pinentry)
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
        """Return somebody's public key; raises UnmetError where it is not there."""
        return public_key(primary, home=self.home)

    def _detach_sign(self, statement: bytes, pinentry: str) -> tuple[bytes, bytes | None, bytes]:
        """Run gpg once; return the signature, its status lines (None where it failed), and what it said to people.

        Everything passes through memory files: nothing can block, and no status line can hide among messages. In a
        process group of its own, no key of the terminal, such as Ctrl-C, breaks a seal off.
        """
        argv = ["gpg", *gpg_options(self.home), "--batch", "--no-tty", "--pinentry-mode", pinentry]
        argv += ["--local-user", f"{self.signing}!", "--no-emit-version", "--no-comments", "--armor"]
        try:
            with memory(statement) as given, memory() as made, memory() as status, memory() as said:
                done = subprocess.run(
                    [*argv, "--status-fd", str(status), "--detach-sign"],
                    stdin=given,
                    stdout=made,
                    stderr=said,
                    pass_fds=(status,),
                    env=_environment(),
                    process_group=0,
                    check=False,
                )
                return content(made), content(status) if done.returncode == 0 else None, content(said)
        except OSError as error:
            return b"", None, f"gpg: {error.strerror}".encode()


def _signed_with(status: bytes) -> str | None:
    """Return the fingerprint of the key that made the only signature, by gpg's status lines (GnuPG, doc/DETAILS)."""
    created = [row.split(b" ") for row in status.split(b"\n") if row.startswith(b"[GNUPG:] SIG_CREATED ")]
    if len(created) != 1 or len(created[0]) <= FINGERPRINT:
        return None
    return created[0][FINGERPRINT].decode("ascii", "replace")


def _environment() -> dict[str, str]:
    """Return our environment with the terminal on which a passphrase may be asked for, as gpg-agent(1) wants it."""
    environ = dict(os.environ)
    if "GPG_TTY" not in environ:
        for stream in (sys.stdin, sys.stderr, sys.stdout):
            if stream is not None and stream.isatty():
                environ["GPG_TTY"] = os.ttyname(stream.fileno())
                break
    return environ
