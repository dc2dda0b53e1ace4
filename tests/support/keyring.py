"""A throw-away key ring with one signing key."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def gpg(home: Path, *arguments: str, given: bytes = b"") -> bytes:
    """Run gpg in the key ring at `home` and return what it printed."""
    argv = ["gpg", "--homedir", str(home), "--batch", "--yes", "--no-tty", *arguments]
    return subprocess.run(argv, input=given, capture_output=True, check=True).stdout


def make_key(home: Path, name: str) -> str:
    """Make a key that signs, without a passphrase, and return its fingerprint."""
    person = f"{name} <{name}@example.org>"
    gpg(home, "--pinentry-mode", "loopback", "--passphrase", "", "--quick-generate-key", person, "ed25519", "sign")
    listed = gpg(home, "--with-colons", "--list-keys", f"{name}@example.org").decode()
    return next(line.split(":")[9] for line in listed.splitlines() if line.startswith("fpr:"))


@contextmanager
def keyring() -> Iterator[Path]:
    """Make an empty key ring in a short path, set GNUPGHOME to it, and end its agent afterwards."""
    home = Path(tempfile.mkdtemp(prefix="g", dir="/tmp"))
    before = os.environ.get("GNUPGHOME")
    os.environ["GNUPGHOME"] = str(home)
    try:
        yield home
    finally:
        if before is None:
            del os.environ["GNUPGHOME"]
        else:
            os.environ["GNUPGHOME"] = before
        subprocess.run(["gpgconf", "--homedir", str(home), "--kill", "all"], check=False)
        shutil.rmtree(home, ignore_errors=True)
