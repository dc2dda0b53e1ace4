from __future__ import annotations

import base64
import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from recipe_runner.errors import VerificationError
from recipe_runner.ssh_key import SshKey
from recipe_runner.sshsig import ED25519_ORDER, MAGIC, armor, form_fault, verify_detached
from tests.support.ssh_agent import make_ssh_key

SAID = b"recipe-run-seal/v1\nrun: 0\n"
KINDS = ["ed25519", "rsa", "ecdsa"]


def signature(key: Path, *options: str, namespace: str = "recipe-run") -> str:
    """Have ssh-keygen sign."""
    argv = ["ssh-keygen", "-Y", "sign", "-n", namespace, *options, "-f", str(key)]
    return subprocess.run(argv, input=SAID, capture_output=True, check=True).stdout.decode()


def public(key: Path) -> SshKey:
    """Return the public part."""
    return SshKey.read(key.with_suffix(".pub").read_bytes())


def flipped(data: bytes) -> list[bytes]:
    """Return every version of `data` that differs in one bit."""
    return [data[:i] + bytes([data[i] ^ 1 << bit]) + data[i + 1 :] for i in range(len(data)) for bit in range(8)]


def packet(text: str) -> bytes:
    """Return what is inside the armor."""
    return base64.b64decode("".join(text.splitlines()[1:-1]))


@pytest.mark.parametrize("algorithm", KINDS)
def test_what_ssh_keygen_writes_is_in_form_and_no_bit_of_it_is_free(tmp_path: Path, algorithm: str) -> None:
    """Each single-bit change of a signature's bytes is refused by its form, or else by ssh-keygen."""
    key = make_ssh_key(tmp_path / "key", algorithm=algorithm)
    text, known = signature(key), public(key)
    assert form_fault(text, signing=known.fingerprint) is None
    trusted = frozenset({known.fingerprint})
    assert verify_detached(SAID, text.encode(), keys=[known], primaries=trusted).signing == known.fingerprint
    changed = [armor(bits) for bits in flipped(packet(text))]
    formal = [text for text in changed if form_fault(text, signing=known.fingerprint) is None]
    assert len(formal) < len(changed)

    def refused(text: str) -> bool:
        try:
            verify_detached(SAID, text.encode(), keys=[known], primaries=trusted)
        except VerificationError:
            return True
        return False

    with ThreadPoolExecutor() as pool:
        assert all(pool.map(refused, formal[:: 1 if algorithm == "ed25519" else 16]))


def test_no_bit_of_the_armor_is_free(tmp_path: Path) -> None:
    """Each single-bit change of the armored text is out of form, unless it decodes to other signature bytes."""
    key = make_ssh_key(tmp_path / "key")
    text, known = signature(key), public(key)
    for changed in flipped(text.encode()):
        shown = changed.decode("latin-1")
        if form_fault(shown, signing=known.fingerprint) is None:
            assert packet(shown) != packet(text)


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text + text,
        lambda text: text + "\n",
        lambda text: text.removesuffix("\n"),
        lambda text: "junk\n" + text,
        lambda text: text.replace("\n", "\r\n"),
        lambda text: text.replace("\n", "", 1),
        lambda text: armor(packet(text) + b"\x00"),
        lambda text: armor(packet(text)[:-1]),
        lambda text: armor(
            packet(text).replace(b"\x00\x00\x00\x01\x00\x00\x00\x33", b"\x00\x00\x00\x02\x00\x00\x00\x33")
        ),
        lambda _: "",
        lambda _: "ä",
        lambda _: armor(b""),
        lambda _: armor(MAGIC),
        lambda _: armor(MAGIC + b"\xff\xff\xff\xff"),
    ],
)
def test_any_other_form_is_refused(tmp_path: Path, change: Callable[[str], str]) -> None:
    """A second signature, other line ends, a torn or longer packet and junk are no signatures."""
    key = make_ssh_key(tmp_path / "key")
    text, known = change(signature(key)), public(key)
    assert form_fault(text, signing=known.fingerprint) is not None
    with pytest.raises(VerificationError):
        verify_detached(SAID, text.encode(), keys=[known], primaries=frozenset({known.fingerprint}))


def test_ssh_keygen_alone_would_take_a_second_signature(tmp_path: Path) -> None:
    """The reason for the form: ssh-keygen is content with the first of two signatures in a file."""
    key = make_ssh_key(tmp_path / "key")
    (tmp_path / "allowed").write_text(f"me {public(key).line}\n")
    (tmp_path / "sig").write_text(signature(key) * 2)
    argv = ["ssh-keygen", "-Y", "verify", "-f", "allowed", "-I", "me", "-n", "recipe-run", "-s", "sig"]
    assert subprocess.run(argv, cwd=tmp_path, input=SAID, capture_output=True, check=False).returncode == 0


def test_another_namespace_is_another_statement(tmp_path: Path) -> None:
    """A signature made for Git or for files cannot be a seal."""
    key = make_ssh_key(tmp_path / "key")
    assert "namespace" in str(form_fault(signature(key, namespace="git"), signing=public(key).fingerprint))


def test_the_twin_of_a_signature_is_refused(tmp_path: Path) -> None:
    """Adding the group's order to an Ed25519 signature's second half, which some verifiers forgive, is out of form."""
    key = make_ssh_key(tmp_path / "key")
    whole = packet(signature(key))
    twin = int.from_bytes(whole[-32:], "little") + ED25519_ORDER
    assert form_fault(armor(whole[:-32] + twin.to_bytes(32, "little")), signing=public(key).fingerprint) is not None


def test_a_certificate_of_ssh_is_no_key(tmp_path: Path) -> None:
    """A key vouched for by an authority is not one that a policy names."""
    authority, key = make_ssh_key(tmp_path / "ca"), make_ssh_key(tmp_path / "key")
    argv = ["ssh-keygen", "-q", "-s", str(authority), "-I", "me", "-n", "me", f"{key}.pub"]
    subprocess.run(argv, check=True, capture_output=True)
    with pytest.raises(VerificationError):
        SshKey.read((tmp_path / "key-cert.pub").read_bytes())


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ssh-ed25519",
        "ssh-ed25519 AAAA",
        "ssh-ed25519 ////",
        "ssh-dss AAAAB3NzaC1kc3MAAAAA",
        "ssh-rsa AAAAC3NzaC1lZDI1NTE5AAAAIA==",
        'valid-before="20200101" ssh-ed25519 {key}',
        "me ssh-ed25519 {key}",
        "ssh-ed25519 {key}\nssh-ed25519 {key}",
    ],
)
def test_only_one_plain_key_is_read(tmp_path: Path, text: str) -> None:
    """Options, principals, several keys, a wrong type and damage are refused."""
    line = public(make_ssh_key(tmp_path / "key")).line
    assert SshKey.read(f"{line} a comment, anything\n").line == line
    with pytest.raises(VerificationError):
        SshKey.read(text.format(key=line.split()[1]))
