"""Detached signatures by the operator's own GnuPG: its keyring, agent and pinentry are found through GNUPGHOME."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from recipe_runner.engine.preconditions import keys
from recipe_runner.engine.preconditions.world import World
from recipe_runner.errors import UnmetError
from recipe_runner.sanitise import line

LIMIT = 300.0
"""Seconds in which a passphrase has to be typed or a card touched."""


def sign(data: bytes, key: str) -> bytes:
    """Return an armoured detached signature over `data` by the key of this fingerprint.

    Raises UnmetError when there is no such secret key or it cannot sign.
    """
    signature = _gpg("--local-user", key, "--digest-algo", "SHA512", "--armor", "--detach-sign", given=data, key=key)
    if not signature:
        raise UnmetError.because(f"gpg made no signature by `{line(key)}`")
    return signature


def certificate(key: str) -> bytes:
    """Return the public certificate of this fingerprint from the operator's keyring; raises UnmetError without one."""
    return keys.certificate(key, World(os.environ, Path.cwd()))


def _gpg(*arguments: str, given: bytes, key: str) -> bytes:
    try:
        done = subprocess.run(
            ["gpg", "--batch", "--no-tty", "--quiet", *arguments],
            input=given,
            capture_output=True,
            timeout=LIMIT,
            check=False,
        )
    except FileNotFoundError as fault:
        raise UnmetError.because("`gpg` is not installed", hint="install the package `gnupg`") from fault
    except subprocess.TimeoutExpired as fault:
        raise UnmetError.because(f"gpg took longer than {LIMIT:.0f} seconds for the key `{line(key)}`") from fault
    if done.returncode:
        said = line(done.stderr.decode("utf-8", "replace").strip())
        raise UnmetError.because(
            f"gpg cannot use the key `{line(key)}`: {said}", hint="look at `gpg --list-secret-keys`"
        )
    return done.stdout
