"""Detached OpenPGP signatures judged by `gpgv`, trusting neither its exit code nor any single word of it.

Measured with GnuPG 2.2.40: `gpgv` exits 0 for revoked and expired keys and for signatures dated in the future, prints
VALIDSIG beside REVKEYSIG and EXPKEYSIG, and accepts several signatures in one file. A user id is printed escaped, but
only line feeds end a status line; so the status bytes come through a pipe of their own and are split on LF alone.
`gpgv` reads no option file (and has no `--no-options` to say so); its keyring is made of the given certificates only.
The words are those of doc/DETAILS in the GnuPG sources.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import os
import re
import select
import shutil
import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from recipe_runner.errors import Diagnostic, UnmetError, VerificationError
from recipe_runner.memory import memory

HASHES = {8: "SHA256", 9: "SHA384", 10: "SHA512"}
DETACHED = "00"
CLOCK_SKEW_SECONDS = 300
TIMEOUT_SECONDS = 600.0
STATUS_CAP = 64 * 1024
PREFIX = b"[GNUPG:] "
ONCE = ("NEWSIG", "GOODSIG", "VALIDSIG")
HARMLESS = frozenset(
    {
        "KEY_CONSIDERED", "NOTATION_DATA", "NOTATION_FLAGS", "NOTATION_NAME", "POLICY_URL", "PROGRESS", "SIG_ID",
        "VERIFICATION_COMPLIANCE_MODE",
    }
)  # fmt: skip
ABOUT_THE_KEY = {
    "REVKEYSIG": "the signing key is revoked",
    "EXPKEYSIG": "the signing key has expired",
    "KEYREVOKED": "the signing key is revoked",
    "KEYEXPIRED": "the signing key has expired",
    "EXPSIG": "the signature has expired",
    "NO_PUBKEY": "no given certificate holds the signing key",
}
ABOUT_THE_SIGNATURE = {
    "BADSIG": "the signature does not belong to this data",
    "ERRSIG": "the signature cannot be checked",
    "NODATA": "there is no readable signature",
    "UNEXPECTED": "the signature file holds something else than one detached signature",
    "FAILURE": "`gpgv` failed",
    "ERROR": "`gpgv` met an error",
}
ARMOR = re.compile(
    rb"\A\s*-----BEGIN PGP (?P<kind>[A-Z ]+)-----[ \t]*\r?\n(?:[A-Za-z]+: [^\n]*\n)*[ \t]*\r?\n"
    rb"(?P<body>[A-Za-z0-9+/=\s]+?)(?:\r?\n=(?P<crc>[A-Za-z0-9+/]{4})[ \t]*)?\r?\n-----END PGP (?P=kind)-----\s*\Z"
)


@dataclass(frozen=True, slots=True)
class Signature:
    """One good signature by one expected person, by their fingerprints; `created` is None where it says no date."""

    primary: str
    signing: str
    created: datetime | None
    hash: str


class UntrustedError(VerificationError):
    """The signature may be intact, but its key is not one to rely on: unknown, unexpected, expired, revoked."""


def verify_detached(
    data: bytes | Path, signature: bytes, *, certificates: Sequence[bytes], primaries: frozenset[str]
) -> Signature:
    """Return the one good signature that `signature` (armored or binary) holds over `data`.

    `certificates` are public keys, armored or binary; `primaries` the fingerprints of the acceptable primary keys.
    Raises UntrustedError when only the key is at fault, VerificationError for every other doubt, and UnmetError where
    `gpgv` is not installed.
    """
    program = shutil.which("gpgv")
    if program is None:
        raise UnmetError.because("`gpgv` is not installed", hint="install the package `gpgv`")
    keyring = b"".join(dearmor(c, "PUBLIC KEY BLOCK") for c in certificates)
    if not keyring:
        raise UntrustedError(Diagnostic("there is no certificate to check the signature with"))
    packet = dearmor(signature, "SIGNATURE") if signature.lstrip().startswith(b"-----") else signature
    exit_code, status = _run(program, data, packet, keyring)
    return judge(exit_code, status, primaries=primaries, now=datetime.now(UTC))


def dearmor(text: bytes, kind: str) -> bytes:
    """Return the bytes inside one armor block `BEGIN PGP <kind>`; bytes that are not armored return unchanged.

    Raises VerificationError when there is anything else than that one block, or its checksum (RFC 9580, 6.1) is wrong.
    """
    if text[:1] and text[0] & 0x80:
        return text
    found = ARMOR.match(text)
    if found is None or found["kind"] != kind.encode():
        raise VerificationError(Diagnostic(f"this is not one armored PGP {kind.lower()} and nothing else"))
    try:
        inside = base64.b64decode(b"".join(found["body"].split()), validate=True)
    except binascii.Error as error:
        raise VerificationError(Diagnostic(f"the armored PGP {kind.lower()} is damaged")) from error
    if found["crc"] is not None and base64.b64decode(found["crc"]) != crc24(inside):
        raise VerificationError(Diagnostic(f"the checksum of the armored PGP {kind.lower()} is wrong"))
    return inside


def crc24(data: bytes) -> bytes:
    """Return the three checksum bytes of an armor (RFC 9580, 6.1.1)."""
    crc = 0xB704CE
    for byte in data:
        crc ^= byte << 16
        for _ in range(8):
            crc = (crc << 1) ^ (0x864CFB if crc & 0x800000 else 0)
            crc &= 0xFFFFFF
    return crc.to_bytes(3, "big")


def judge(exit_code: int, status: bytes, *, primaries: frozenset[str], now: datetime) -> Signature:
    """Decide on what `gpgv` reported: its exit code and the raw bytes of its status pipe.

    Raises as `verify_detached` does; every doubt found is in the error, the key's first.
    """
    lines = list(_status_lines(status))
    words = [word for word, _ in lines]
    key_doubts = [text for word, text in ABOUT_THE_KEY.items() if word in words]
    explained = {"ERRSIG"} if "NO_PUBKEY" in words else set()
    doubts = [text for word, text in ABOUT_THE_SIGNATURE.items() if word in words and word not in explained]
    known = {*ONCE, *HARMLESS, *ABOUT_THE_KEY, *ABOUT_THE_SIGNATURE}
    doubts += [f"`gpgv` said `{word}`, which is not understood" for word in words if word not in known]
    if not key_doubts and not doubts:
        doubts += [f"`{w}` is reported {words.count(w)} times instead of once" for w in ONCE if words.count(w) != 1]
        doubts += [f"`gpgv` ended with exit code {exit_code}"] if exit_code else []
    if doubts:
        raise VerificationError(*(Diagnostic(text) for text in key_doubts + doubts))
    if key_doubts:
        raise UntrustedError(*(Diagnostic(text) for text in key_doubts))
    return _valid(next(fields for word, fields in lines if word == "VALIDSIG"), primaries, now)


def _status_lines(status: bytes) -> Iterator[tuple[str, list[str]]]:
    if status and not status.endswith(b"\n"):
        raise VerificationError(Diagnostic("the status of `gpgv` breaks off in the middle of a line"))
    for raw in status.split(b"\n")[:-1]:
        if not raw.startswith(PREFIX):
            raise VerificationError(Diagnostic("the status of `gpgv` holds a line that is not a status line"))
        word, *fields = raw[len(PREFIX) :].split(b" ")
        yield word.decode("ascii", "backslashreplace"), [f.decode("ascii", "backslashreplace") for f in fields]


def _valid(fields: list[str], primaries: frozenset[str], now: datetime) -> Signature:
    """Read VALIDSIG: fingerprint, date, created, expires, version, reserved, key algorithm, hash, class, primary."""
    wanted = r"[0-9A-F]{40,64} \S+ \d+ \d+ \d+ \d+ \d+ \d+ [0-9A-F]{2} [0-9A-F]{40,64}"
    if not re.fullmatch(wanted, " ".join(fields), re.ASCII):
        raise VerificationError(Diagnostic("`VALIDSIG` does not have its ten fields"))
    signing, _, created, expires, _, _, _, algorithm, signature_class, primary = fields
    faults: list[str] = []
    if signature_class != DETACHED:
        faults.append(f"the signature is of class {signature_class}; wanted {DETACHED}, a detached one over bytes")
    if int(algorithm) not in HASHES:
        faults.append(f"the signature uses hash algorithm {algorithm}; wanted SHA-256, SHA-384 or SHA-512")
    if faults:
        raise VerificationError(*(Diagnostic(text) for text in faults))
    moment = datetime.fromtimestamp(int(created), UTC)
    if (moment - now).total_seconds() > CLOCK_SKEW_SECONDS:
        faults.append(f"the signature is dated in the future: {moment:%Y-%m-%d %H:%M:%S} UTC")
    if int(expires) and int(expires) <= now.timestamp():
        faults.append("the signature has expired")
    if primary not in primaries:
        faults.append(f"the signature is by {primary}, who is not expected here")
    if faults:
        raise UntrustedError(*(Diagnostic(text) for text in faults))
    return Signature(primary, signing, moment, HASHES[int(algorithm)])


def _run(program: str, data: bytes | Path, signature: bytes, keyring: bytes) -> tuple[int, bytes]:
    """Run `gpgv` on in-memory files and return its exit code and status bytes, both bounded in time and size."""
    with contextlib.ExitStack() as stack:
        keys, sig = (stack.enter_context(memory(content)) for content in (keyring, signature))
        try:
            source = (
                stack.enter_context(memory(data))
                if isinstance(data, bytes)
                else os.open(data, os.O_RDONLY | os.O_CLOEXEC)
            )
        except OSError as error:
            raise VerificationError(Diagnostic(f"cannot read `{data!s}`: {error.strerror}")) from error
        if not isinstance(data, bytes):
            stack.callback(os.close, source)
        status, status_end = os.pipe()
        stack.callback(os.close, status)
        argv = [
            program, "--homedir", "/nonexistent", "--status-fd", str(status_end), "--keyring", f"/proc/self/fd/{keys}",
            "--", f"/proc/self/fd/{sig}", "-",
        ]  # fmt: skip
        try:
            process = subprocess.Popen(
                argv,
                stdin=source,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=(keys, sig, status_end),
                env={"LC_ALL": "C.UTF-8"},
            )
        finally:
            os.close(status_end)
        with process:
            try:
                said = _drain(status, time.monotonic() + TIMEOUT_SECONDS)
            except BaseException:
                process.kill()
                raise
            return process.wait(), said


def _drain(descriptor: int, deadline: float) -> bytes:
    said = bytearray()
    waiting = select.poll()
    waiting.register(descriptor, select.POLLIN)
    while True:
        if not waiting.poll(max(0.0, deadline - time.monotonic()) * 1000):
            raise VerificationError(Diagnostic(f"`gpgv` gave no answer within {TIMEOUT_SECONDS:.0f} seconds"))
        chunk = os.read(descriptor, STATUS_CAP)
        if not chunk:
            return bytes(said)
        said += chunk
        if len(said) > STATUS_CAP:
            raise VerificationError(Diagnostic("the status of `gpgv` is longer than any honest one"))
