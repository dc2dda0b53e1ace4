"""The one form in which a journal carries a signature, so that no bit of it can be changed; and how it is judged.

`recipe_runner.sshsig` has the form of SSH signatures. Of a detached OpenPGP signature, `gpgv` ignores much of the
encoding: measured with GnuPG 2.2.40 on Ed25519, RSA and NIST P-256, it accepts changed armor checksums, packet lengths,
unhashed subpackets, the hash prefix and bit lengths of integers. Lines before the last are protected by the seals after
them; the last seal is protected by this form. It is what gpg itself writes: RFC 9580 sections 6.2 (armor without
headers, with checksum), 4.2.2 (old packet header) and 5.2.3 (version 4 signature).
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence

from recipe_runner import gpgv, sshsig
from recipe_runner.errors import VerificationError
from recipe_runner.gpgv import HASHES, Signature, crc24, dearmor
from recipe_runner.journal.records.identity import kind_of
from recipe_runner.ssh_key import ALGORITHMS, SshKey

TAG = 0x88
"""Old packet format, tag 2; the two lowest bits tell how many bytes the length has (1, 2)."""
VERSION = 4
ISSUER = b"\x09\x10"
"""An unhashed subpacket of nine bytes, type 16: the signing key's id, which is the end of its fingerprint."""


def form_fault(armored: str, statement: bytes, *, signing: str) -> str | None:
    """Say in words how `armored` departs from the form, or return None.

    `signing` is the fingerprint of the key that is said to have signed `statement`; it decides between OpenPGP and SSH.
    Nothing is said about whether the signature is good.
    """
    if kind_of(signing) == "ssh":
        return sshsig.form_fault(armored, signing=signing)
    try:
        packet = dearmor(armored.encode("ascii"), "SIGNATURE")
    except (UnicodeEncodeError, VerificationError):
        return "the signature is not one armored OpenPGP signature"
    if armored != armor(packet):
        return "the armor of the signature is not as gpg writes it"
    body = _body(packet)
    if body is None:
        return "the signature is not exactly one packet in its shortest form"
    return _body_fault(body, statement, signing)


def verify_signature(
    statement: bytes, signature: bytes, *, certificates: Sequence[bytes], primaries: frozenset[str]
) -> Signature:
    """Return the one good signature over `statement`, by `gpgv` or by `ssh-keygen`, as the signature's armor asks.

    `certificates` are public keys: OpenPGP's, armored or not, and lines such as `ssh-ed25519 AAAA…`; `primaries` the
    fingerprints of those who may have signed. Raises UntrustedError when only the key is at fault, VerificationError
    for every other doubt, and UnmetError where the program that judges is not installed.
    """
    ssh = [certificate for certificate in certificates if is_ssh_key(certificate)]
    if sshsig.is_ssh(signature):
        keys = [SshKey.read(certificate) for certificate in ssh]
        return sshsig.verify_detached(statement, signature, keys=keys, primaries=primaries)
    others = [certificate for certificate in certificates if certificate not in ssh]
    return gpgv.verify_detached(statement, signature, certificates=others, primaries=primaries)


def is_ssh_key(certificate: bytes) -> bool:
    """Say whether a public key is meant for OpenSSH."""
    return certificate.split(b" ", 1)[0].decode("ascii", "replace") in ALGORITHMS


def armor(packet: bytes) -> str:
    """Return a signature packet in armor, as gpg writes it."""
    encoded = base64.b64encode(packet).decode()
    text = "\n".join(encoded[start : start + 64] for start in range(0, len(encoded), 64))
    checksum = base64.b64encode(crc24(packet)).decode()
    return f"-----BEGIN PGP SIGNATURE-----\n\n{text}\n={checksum}\n-----END PGP SIGNATURE-----\n"


def _body(packet: bytes) -> bytes | None:
    for octets, fewest in ((1, 0), (2, 256)):
        body = packet[1 + octets :]
        header = bytes([TAG + octets - 1]) + len(body).to_bytes(3, "big")[-octets:]
        if fewest <= len(body) < 256**octets and packet == header + body:
            return body
    return None


def _body_fault(body: bytes, statement: bytes, signing: str) -> str | None:
    hashed = 6 + int.from_bytes(body[4:6], "big")
    unhashed = hashed + 2 + int.from_bytes(body[hashed : hashed + 2], "big")
    if len(body) < unhashed + 2 or body[0] != VERSION or body[3] not in HASHES:
        return "the signature is not of version 4 with a hash of the SHA-2 family"
    if body[hashed + 2 : unhashed] not in {b"", ISSUER + bytes.fromhex(signing)[-8:]}:
        return "the signature carries unsigned data other than its key's id"
    signed = statement + body[:hashed] + bytes([VERSION, 0xFF]) + hashed.to_bytes(4, "big")
    if hashlib.new(HASHES[body[3]], signed).digest()[:2] != body[unhashed : unhashed + 2]:
        return "the first bytes of the hash in the signature are wrong"
    return None if _integers(body[unhashed + 2 :]) else "the signature's integers are not in their shortest form"


def _integers(rest: bytes) -> bool:
    while rest:
        bits = int.from_bytes(rest[:2], "big")
        octets = (bits + 7) // 8
        number = rest[2 : 2 + octets]
        if len(rest) < 2 + octets or int.from_bytes(number, "big").bit_length() != bits:
            return False
        rest = rest[2 + octets :]
    return True
