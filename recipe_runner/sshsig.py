"""Signatures of OpenSSH (`ssh-keygen -Y sign`): their one form, and their judgement by `ssh-keygen -Y verify`.

Measured with OpenSSH 9.2: `ssh-keygen -Y verify` exits 0 for a file with a second signature or anything else behind
the first. So the form is checked first, and the allowed signers file is made of one key and one namespace. Outside
format: PROTOCOL.sshsig in the OpenSSH sources, version 1.
"""

from __future__ import annotations

import base64
import os
import shutil
import subprocess
from collections.abc import Sequence

from recipe_runner.errors import Diagnostic, UnmetError, VerificationError
from recipe_runner.gpgv import Signature, UntrustedError
from recipe_runner.memory import memory
from recipe_runner.ssh_key import ALGORITHMS, SshKey, fingerprint, strings

NAMESPACE = "recipe-run"
BEGIN = "-----BEGIN SSH SIGNATURE-----\n"
END = "-----END SSH SIGNATURE-----\n"
WIDTH = 70
MAGIC = b"SSHSIG\x00\x00\x00\x01"
HASHES = {b"sha256": "SHA256", b"sha512": "SHA512"}
ED25519_BYTES = 64
ED25519_ORDER = 2**252 + 27742317777372353535851937790883648493
"""A signature's second half lies below this (RFC 8032, section 5.1.7); `ssh-keygen` does not insist on it."""
TOUCHED_BYTES = 5
"""A security key's signature ends with its flags and its counter."""
TIMEOUT_SECONDS = 600.0


def is_ssh(signature: bytes) -> bool:
    """Say whether a signature claims to be one of OpenSSH."""
    return signature.startswith(BEGIN.encode())


def armor(packet: bytes) -> str:
    """Return a signature's bytes in armor, as ssh-keygen writes it."""
    encoded = base64.b64encode(packet).decode()
    return BEGIN + "".join(f"{encoded[at : at + WIDTH]}\n" for at in range(0, len(encoded), WIDTH)) + END


def form_fault(armored: str, *, signing: str) -> str | None:
    """Say in words how `armored` departs from what ssh-keygen writes for the key `signing`, or return None.

    Nothing is said about whether the signature is good.
    """
    body = armored.removeprefix(BEGIN).removesuffix(END).replace("\n", "")
    try:
        packet = base64.b64decode(body, validate=True)
    except ValueError:
        packet = b""
    if armored != armor(packet):
        return "the signature is not one armored SSH signature as ssh-keygen writes it"
    try:
        key, namespace, reserved, digest, signature = strings(packet.removeprefix(MAGIC))
        kind, *parts = strings(key)
    except ValueError:
        return "the SSH signature does not have its five parts"
    if not packet.startswith(MAGIC) or reserved or digest not in HASHES:
        return "the SSH signature is not of version 1 with a hash of the SHA-2 family"
    if fingerprint(key) != signing:
        return "the SSH signature is by another key"
    if namespace != NAMESPACE.encode():
        return f"the SSH signature is not of the namespace `{NAMESPACE}`"
    return _value_fault(kind.decode("ascii", "replace"), parts, signature)


def verify_detached(data: bytes, signature: bytes, *, keys: Sequence[SshKey], primaries: frozenset[str]) -> Signature:
    """Return the good signature over `data` by one of `keys`, whose fingerprint is one of `primaries`.

    Its date is None: these signatures have none. Raises UntrustedError when only the key is at fault, VerificationError
    for every other doubt, and UnmetError where `ssh-keygen` is not installed.
    """
    by = signer_of(signature)
    fault = form_fault(signature.decode("latin-1"), signing=by)
    if fault:
        raise VerificationError(Diagnostic(fault))
    key = next((key for key in keys if key.fingerprint == by), None)
    if key is None:
        raise UntrustedError(Diagnostic("no given certificate holds the signing key"))
    if not _good(data, signature, key):
        raise VerificationError(Diagnostic("the signature does not belong to this data"))
    if by not in primaries:
        raise UntrustedError(Diagnostic(f"the signature is by {by}, who is not expected here"))
    digest = strings(_packet(signature).removeprefix(MAGIC))[3]
    return Signature(by, by, None, HASHES[digest])


def signer_of(signature: bytes) -> str:
    """Return the fingerprint of the key that a signature says to be by; raises VerificationError."""
    try:
        return fingerprint(strings(_packet(signature).removeprefix(MAGIC))[0])
    except (ValueError, IndexError) as error:
        raise VerificationError(Diagnostic("there is no readable SSH signature")) from error


def _packet(signature: bytes) -> bytes:
    return base64.b64decode(signature.removeprefix(BEGIN.encode()).removesuffix(END.encode()))


def _value_fault(kind: str, parts: list[bytes], signature: bytes) -> str | None:
    secured = TOUCHED_BYTES if kind.startswith("sk-") else 0
    try:
        algorithm, value = strings(signature[: len(signature) - secured])
        known = algorithm.decode("ascii", "replace") in ALGORITHMS[kind]
        match kind:
            case "ssh-rsa":
                sound = len(value) == len(parts[1].lstrip(b"\x00"))
            case "ssh-ed25519" | "sk-ssh-ed25519@openssh.com":
                sound = len(value) == ED25519_BYTES and int.from_bytes(value[32:], "little") < ED25519_ORDER
            case _:
                numbers = strings(value)
                sound = len(numbers) == 2 and all(_shortest(number) for number in numbers)  # noqa: PLR2004 - r and s
    except (ValueError, KeyError, IndexError):
        return "the SSH signature has a value that is not in form"
    return None if known and sound else "the SSH signature has a value that is not in form"


def _shortest(number: bytes) -> bool:
    """Say whether a positive integer is in its shortest form (RFC 4251, section 5)."""
    return bool(number) and number[0] < 0x80 and (number[0] > 0 or number[1:2] >= b"\x80")  # noqa: PLR2004 - sign bit


def _good(data: bytes, signature: bytes, key: SshKey) -> bool:
    program = shutil.which("ssh-keygen")
    if program is None:
        raise UnmetError.because("`ssh-keygen` is not installed", hint="install the package `openssh-client`")
    who = key.fingerprint
    permission = f'{who} namespaces="{NAMESPACE}" {key.line}\n'.encode()
    with memory(permission) as allowed, memory(signature) as made, memory(data) as said:
        argv = [
            program, "-Y", "verify", "-n", NAMESPACE, "-I", who,
            "-f", f"/proc/self/fd/{allowed}", "-s", f"/proc/self/fd/{made}",
        ]  # fmt: skip
        try:
            done = subprocess.run(
                argv, stdin=said, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, pass_fds=(allowed, made),
                env={"LC_ALL": "C.UTF-8", "HOME": "/nonexistent", "PATH": os.defpath}, timeout=TIMEOUT_SECONDS,
                check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired as error:
            text = f"`ssh-keygen` gave no answer within {TIMEOUT_SECONDS:.0f} seconds"
            raise VerificationError(Diagnostic(text)) from error
    words = done.stdout.split()
    wanted = [b"Good", f'"{NAMESPACE}"'.encode(), b"signature", b"for", who.encode(), b"with"]
    return done.returncode == 0 and words[:6] == wanted and words[-2:] == [b"key", who.encode()]
