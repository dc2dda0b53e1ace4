"""Public keys as OpenSSH writes them: a line of text, the bytes inside it, and the fingerprint that stands for them.

Outside formats: RFC 4253, section 6.6, and RFC 4251, section 5 (strings); ssh-keygen(1) for fingerprints.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass

from recipe_runner.errors import Diagnostic, VerificationError

FINGERPRINT = re.compile(r"SHA256:[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]\Z")
"""The sha256 of a key's bytes in base64 without its padding, as `ssh-keygen -l` prints it."""
ECDSA = "ecdsa-sha2-nistp"
ALGORITHMS: dict[str, frozenset[str]] = {
    "ssh-rsa": frozenset({"rsa-sha2-256", "rsa-sha2-512"}),
    **{
        kind: frozenset({kind})
        for kind in (
            "ssh-ed25519",
            *(f"{ECDSA}{bits}" for bits in (256, 384, 521)),
            "sk-ssh-ed25519@openssh.com",
            "sk-ecdsa-sha2-nistp256@openssh.com",
        )
    },
}
"""Types of keys that may sign, and the algorithms of their signatures; certificates and DSA are none of them."""


@dataclass(frozen=True, slots=True)
class SshKey:
    """A public key: its type and its bytes."""

    kind: str
    blob: bytes

    @classmethod
    def read(cls, text: bytes | str) -> SshKey:
        """Read one line such as `ssh-ed25519 AAAA… comment`, without options; raises VerificationError."""
        written = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
        words = written.split(None, 2)
        if len(words) < 2 or words[0] not in ALGORITHMS or len(written.strip().splitlines()) != 1:  # noqa: PLR2004
            raise VerificationError(Diagnostic("this is not one public key of OpenSSH, such as `ssh-ed25519 AAAA…`"))
        try:
            blob = base64.b64decode(words[1], validate=True)
            parts = strings(blob)
        except (binascii.Error, ValueError) as error:
            raise VerificationError(Diagnostic("the public key of OpenSSH is damaged")) from error
        if len(parts) < 2 or parts[0] != words[0].encode():  # noqa: PLR2004
            raise VerificationError(Diagnostic("the public key of OpenSSH is not of the type that it names"))
        return cls(words[0], blob)

    @property
    def fingerprint(self) -> str:
        """The key's fingerprint."""
        return fingerprint(self.blob)

    @property
    def touched(self) -> bool:
        """Say whether a person must touch a security key for each signature."""
        return self.kind.startswith("sk-")

    @property
    def line(self) -> str:
        """The key as one line of text, without a comment."""
        return f"{self.kind} {base64.b64encode(self.blob).decode()}"


def fingerprint(blob: bytes) -> str:
    """Return the fingerprint of a public key's bytes."""
    return "SHA256:" + base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip("=")


def is_fingerprint(text: str) -> bool:
    """Say whether a text has the form of an OpenSSH key's fingerprint."""
    return FINGERPRINT.match(text) is not None


def strings(data: bytes) -> list[bytes]:
    """Split bytes into the strings they consist of, each behind its length; raises ValueError."""
    found, at = [], 0
    while at < len(data):
        end = at + 4 + int.from_bytes(data[at : at + 4], "big")
        if end > len(data) or at + 4 > len(data):
            raise ValueError("a string is longer than the data")
        found.append(data[at + 4 : end])
        at = end
    return found
