"""Throw-away OpenPGP keys made by the real gpg, in a home short enough for the agent's socket."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from recipe_runner.journal.signers.gpg import GpgSigner

PAST = ("--faked-system-time", "20200101T000000!")
FUTURE = ("--faked-system-time", "20990101T000000!")


@dataclass(frozen=True, slots=True)
class Keyring:
    """A GNUPGHOME."""

    home: Path

    def gpg(self, *arguments: str, given: bytes = b"") -> bytes:
        """Run gpg without questions and return what it printed."""
        argv = ["gpg", "--homedir", str(self.home), "--no-options", "--batch", "--yes", "--no-tty", "--quiet"]
        done = subprocess.run([*argv, *arguments], input=given, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout

    def make(
        self, user: str, *extra: str, algorithm: str = "ed25519", usage: str = "sign", expires: str = "never"
    ) -> str:
        """Make a key without a passphrase and return its fingerprint."""
        self.gpg(*extra, "--passphrase", "", "--quick-generate-key", user, algorithm, usage, expires)
        return self.fingerprints(user)[0]

    def add_subkey(self, primary: str, usage: str = "sign", expires: str = "never") -> str:
        """Add a signing subkey and return its fingerprint."""
        self.gpg("--passphrase", "", "--quick-add-key", primary, "ed25519", usage, expires)
        return self.fingerprints(primary)[-1]

    def fingerprints(self, user: str) -> list[str]:
        """Return the fingerprints of a key and its subkeys."""
        listed = self.gpg("--with-colons", "--list-keys", user).decode()
        return [row.split(":")[9] for row in listed.split("\n") if row.startswith("fpr:")]

    def revoke(self, fingerprint: str) -> None:
        """Revoke a key with the certificate that gpg laid by when it made the key."""
        certificate = (self.home / "openpgp-revocs.d" / f"{fingerprint}.rev").read_bytes()
        self.gpg("--import", given=certificate.replace(b":-----BEGIN", b"-----BEGIN"))

    def sign(self, fingerprint: str, data: bytes, *extra: str) -> bytes:
        """Return an armored detached signature."""
        return self.gpg("--local-user", f"{fingerprint}!", "--armor", *extra, "--detach-sign", given=data)

    def certificate(self, *fingerprints: str) -> bytes:
        """Return the public keys in armor."""
        return self.gpg("--armor", "--export", *fingerprints)

    def signer(self, fingerprint: str | None = None) -> GpgSigner:
        """Return the signer for a key."""
        return GpgSigner.find(fingerprint, home=self.home)


@contextmanager
def keyring() -> Iterator[Keyring]:
    """Give an empty home, and stop its agent at the end."""
    home = Path(tempfile.mkdtemp(prefix="g", dir="/tmp"))
    try:
        yield Keyring(home)
    finally:
        subprocess.run(["gpgconf", "--homedir", str(home), "--kill", "all"], check=True)
        shutil.rmtree(home, ignore_errors=True)  # the agent takes its sockets away by itself, at the same time
