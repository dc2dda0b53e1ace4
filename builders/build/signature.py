"""The detached signature over the checksums, made by gpg with a key the caller names."""

from __future__ import annotations

import os
import re
from pathlib import Path

from builders.build.bench import Bench
from recipe_runner.errors import UsageError
from recipe_runner.sanitise import line


def checked_fingerprint(text: str) -> str:
    """Return a key's fingerprint in capitals without spaces; raises UsageError for anything shorter or else."""
    fingerprint = text.replace(" ", "").upper()
    if not re.fullmatch(r"[0-9A-F]{40}", fingerprint):
        raise UsageError.because(
            f"`{line(text)}` is not a key's fingerprint, wanted 40 hexadecimal digits",
            hint="see `gpg --list-secret-keys --with-colons`",
        )
    return fingerprint


def sign(bench: Bench, fingerprint: str, listing: Path, signature: Path) -> None:
    """Write the armoured signature of `listing`; GNUPGHOME and GPG_TTY are taken from the environment."""
    passed = {name: os.environ[name] for name in ("GNUPGHOME", "GPG_TTY") if name in os.environ}
    bench.commands.extended(**passed).run(
        *("gpg", "--batch", "--yes", "--armor", "--digest-algo", "SHA512", "--local-user", fingerprint),
        *("--detach-sign", "--output", signature, listing),
    )
