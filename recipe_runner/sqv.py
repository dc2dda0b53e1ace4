"""A second opinion on detached OpenPGP signatures: Sequoia's `sqv`, which shares no code with GnuPG.

`sqv` ends with 0 and prints the fingerprint of the certificate (its primary key) for each good signature. It judges
keys as they were when the signature was made, so a key that has expired since is `recipe_runner.gpgv`'s to find.
"""

from __future__ import annotations

import contextlib
import re
import shutil
import subprocess
from collections.abc import Sequence

from recipe_runner.errors import Diagnostic, UnmetError, VerificationError
from recipe_runner.gpgv import UntrustedError, dearmor
from recipe_runner.memory import memory
from recipe_runner.sanitise import line

TIMEOUT_SECONDS = 600.0


def installed() -> str:
    """Return the path of `sqv`; raises UnmetError."""
    program = shutil.which("sqv")
    if program is None:
        raise UnmetError.because("`sqv` is not installed: no second opinion", hint="install the package `sqv`")
    return program


def confirm(data: bytes, signature: bytes, *, certificates: Sequence[bytes], primary: str) -> None:
    """Have `sqv` judge what `gpgv` has found to be one good signature by `primary`.

    Raises UntrustedError where it does not agree, VerificationError where it gives no answer, and UnmetError where it
    is not installed.
    """
    program = installed()
    with contextlib.ExitStack() as stack:
        keys = [stack.enter_context(memory(dearmor(key, "PUBLIC KEY BLOCK"))) for key in certificates]
        sig, said = stack.enter_context(memory(signature)), stack.enter_context(memory(data))
        rings = [word for key in keys for word in ("--keyring", f"/proc/self/fd/{key}")]
        argv = [program, "-v", *rings, "--", f"/proc/self/fd/{sig}", f"/proc/self/fd/{said}"]
        try:
            done = subprocess.run(
                argv, stdin=subprocess.DEVNULL, capture_output=True, pass_fds=(*keys, sig, said),
                env={"LC_ALL": "C.UTF-8"}, timeout=TIMEOUT_SECONDS, check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired as error:
            raise VerificationError(Diagnostic(f"`sqv` gave no answer within {TIMEOUT_SECONDS:.0f} seconds")) from error
    if done.returncode != 0 or done.stdout != f"{primary}\n".encode():
        words = re.sub(r"\s+", " ", done.stderr.decode("utf-8", "replace")).strip() or f"exit code {done.returncode}"
        raise UntrustedError(Diagnostic(f"`gpgv` calls the signature good and `sqv` does not: {line(words)}"))
