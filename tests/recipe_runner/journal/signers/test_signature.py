from __future__ import annotations

import base64
from concurrent.futures import ThreadPoolExecutor

import pytest

from recipe_runner.errors import VerificationError
from recipe_runner.gpgv import crc24, dearmor, verify_detached
from recipe_runner.journal.signers.signature import armor, form_fault
from tests.recipe_runner.journal.keyring import Keyring

SAID = b"recipe-run-seal/v1\nrun: 0\n"


def flipped(data: bytes) -> list[bytes]:
    """Return every version of `data` that differs in one bit."""
    return [data[:i] + bytes([data[i] ^ 1 << bit]) + data[i + 1 :] for i in range(len(data)) for bit in range(8)]


@pytest.mark.parametrize("algorithm", ["ed25519", "rsa1024", "nistp256"])
def test_what_gpg_writes_is_in_form_and_no_bit_of_it_is_free(keys: Keyring, algorithm: str) -> None:
    """Each single-bit change of a signature's bytes is refused by its form, or else by gpgv."""
    key = keys.make(f"Form <form@{algorithm}.example>", algorithm=algorithm)
    signature = keys.sign(key, SAID)
    assert form_fault(signature.decode(), SAID, signing=key) is None
    certificate = keys.certificate(key)
    changed = [armor(packet) for packet in flipped(dearmor(signature, "SIGNATURE"))]
    formal = [text for text in changed if form_fault(text, SAID, signing=key) is None]
    assert len(formal) < len(changed)

    def refused(text: str) -> bool:
        try:
            verify_detached(SAID, text.encode(), certificates=[certificate], primaries=frozenset({key}))
        except VerificationError:
            return True
        return False

    with ThreadPoolExecutor() as pool:
        assert all(pool.map(refused, formal))


def test_no_bit_of_the_armor_is_free(keys: Keyring) -> None:
    """Each single-bit change of the armored text is out of form, unless it decodes to other signature bytes."""
    key = keys.make("Armor <armor@x.example>")
    signature = keys.sign(key, SAID)
    for text in flipped(signature):
        assert form_fault(text.decode("latin-1"), SAID, signing=key) is not None


def test_the_form_is_that_of_one_key_and_one_text(keys: Keyring) -> None:
    """Another statement and another key's fingerprint are noticed even before gpgv is asked."""
    key = keys.make("Other <form@x.example>")
    text = keys.sign(key, SAID).decode()
    assert "hash" in str(form_fault(text, SAID + b".", signing=key))
    assert "unsigned data" in str(form_fault(text, SAID, signing="F" * 40))


def test_more_than_one_packet_is_out_of_form(keys: Keyring) -> None:
    """Two signatures in one armor, two armors, a header in the armor or an old hash are refused."""
    key = keys.make("Two <two@x.example>", algorithm="rsa2048")
    text = keys.sign(key, SAID).decode()
    packet = dearmor(text.encode(), "SIGNATURE")
    weak = keys.sign(key, SAID, "--digest-algo", "SHA224").decode()
    for wrong in (
        armor(packet + packet),
        text + text,
        text.replace("\n\n", "\nComment: hello\n\n", 1),
        text.replace("\n", "\r\n"),
        weak,
        "",
        "ä",
        armor(b""),
        armor(b"\x88"),
        armor(b"\x88\x00"),
        armor(b"\x88\x06\x04\x00\x16\x08\xff\xff"),
    ):
        assert form_fault(wrong, SAID, signing=key) is not None


def test_a_missing_checksum_is_out_of_form(keys: Keyring) -> None:
    """The armor has its checksum, so that old and new gpgv read it alike."""
    key = keys.make("Sum <sum@x.example>")
    text = keys.sign(key, SAID).decode()
    checksum = base64.b64encode(crc24(dearmor(text.encode(), "SIGNATURE"))).decode()
    assert form_fault(text.replace(f"={checksum}\n", ""), SAID, signing=key) is not None
