from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from recipe_runner.engine.preconditions.base import Finding, World
from recipe_runner.engine.preconditions.files import File
from tests.recipe_runner.engine.preconditions.conftest import Keyring, Look

SUMS = b"0123  image.qcow2\n"
LONG_AGO = ("--faked-system-time", "20200101T000000!")


@pytest.fixture
def sums(tmp_path: Path) -> Path:
    """Write the file whose signature is in question."""
    path = tmp_path / "SHA256SUMS"
    path.write_bytes(SUMS)
    return path


@pytest.mark.usefixtures("sums")
def test_a_file_that_is_there(look: Look) -> None:
    """A file that is there is met, with its size; a missing one or a directory is not."""
    assert look("file", "SHA256SUMS") == Finding(True, "18 B")
    assert look("file", "missing") == Finding(False, "`missing` is not there")
    assert look("file", ".") == Finding(False, "`.` is not a file")


def test_a_device_is_no_file(look: Look, tmp_path: Path) -> None:
    """A pipe, which would block its reader, is not a file."""
    os.mkfifo(tmp_path / "pipe")
    assert look("file", "pipe", sha256="0" * 64).detail == "`pipe` is not a file"


def test_a_digest(look: Look, sums: Path) -> None:
    """The digest may be written in either case; another one is unmet and the real one shown."""
    digest = hashlib.sha256(SUMS).hexdigest()
    assert look("file", "SHA256SUMS", sha256=digest.upper()) == Finding(True, "18 B, sha256 agrees")
    sums.write_bytes(b"changed")
    found = look("file", "SHA256SUMS", sha256=digest)
    assert (found.met, found.detail) == (False, f"its sha256 is {hashlib.sha256(b'changed').hexdigest()}")


@pytest.mark.parametrize("suffix", [".gpg", ".asc", ".sig", ".sign"])
def test_a_good_signature_beside_the_file(look: Look, keyed: World, keyring: Keyring, sums: Path, suffix: str) -> None:
    """A signature beside the file is found under all its usual names, armored or not."""
    key = keyring.make("good")
    Path(f"{sums}{suffix}").write_bytes(keyring.sign("good", SUMS, *(["--armor"] if suffix == ".asc" else [])))
    assert look("file", "SHA256SUMS", signed_by=key, within=keyed) == Finding(True, f"18 B, signed by {key}")


def test_a_signature_elsewhere(look: Look, keyed: World, keyring: Keyring, sums: Path) -> None:
    """`signature` names a signature that does not lie beside its file."""
    key = keyring.make("good")
    (sums.parent / "elsewhere").write_bytes(keyring.sign("good", SUMS))
    assert look("file", "SHA256SUMS", signed_by=key, signature="elsewhere", within=keyed).met
    found = look("file", "SHA256SUMS", signed_by=key, within=keyed)
    assert not found.met
    assert found.detail.startswith("no signature: looked for `SHA256SUMS.gpg`, ")


def test_a_changed_file_is_unmet(look: Look, keyed: World, keyring: Keyring, sums: Path) -> None:
    """One changed byte makes a good signature bad."""
    key = keyring.make("good")
    Path(f"{sums}.gpg").write_bytes(keyring.sign("good", SUMS))
    sums.write_bytes(SUMS.replace(b"0123", b"0124"))
    assert not look("file", "SHA256SUMS", signed_by=key, within=keyed).met


def test_another_signer_is_unmet(look: Look, keyed: World, keyring: Keyring, sums: Path) -> None:
    """A good signature by another key of the same keyring is not the wanted one."""
    key = keyring.make("good")
    keyring.make("other")
    Path(f"{sums}.gpg").write_bytes(keyring.sign("other", SUMS))
    assert not look("file", "SHA256SUMS", signed_by=key, within=keyed).met


def test_an_expired_signer_is_unmet(look: Look, keyed: World, keyring: Keyring, sums: Path) -> None:
    """A signature made while the key was good does not count when the key has expired, though gpgv ends with 0."""
    key = keyring.make("old", expire="1d", extra=LONG_AGO)
    Path(f"{sums}.gpg").write_bytes(keyring.sign("old", SUMS, *LONG_AGO))
    found = look("file", "SHA256SUMS", signed_by=key, within=keyed)
    assert not found.met
    assert "expired" in found.detail


def test_a_revoked_signer_is_unmet(look: Look, keyed: World, keyring: Keyring, sums: Path) -> None:
    """A signature made before the key was revoked does not count any more."""
    key = keyring.make("gone")
    Path(f"{sums}.gpg").write_bytes(keyring.sign("gone", SUMS))
    assert look("file", "SHA256SUMS", signed_by=key, within=keyed).met
    keyring.revoke("gone")
    found = look("file", "SHA256SUMS", signed_by=key, within=keyed)
    assert not found.met
    assert "revoked" in found.detail


def test_a_future_signature_is_unmet(look: Look, keyed: World, keyring: Keyring, sums: Path) -> None:
    """A signature dated in the future does not count."""
    key = keyring.make("good")
    Path(f"{sums}.gpg").write_bytes(keyring.sign("good", SUMS, "--faked-system-time", "20990101T000000!"))
    assert not look("file", "SHA256SUMS", signed_by=key, within=keyed).met


@pytest.mark.parametrize("signature", [b"", b"rubbish", b"-----BEGIN PGP SIGNATURE-----\n", b"\0" * 2**21])
def test_what_is_no_signature_is_unmet(
    look: Look, keyed: World, keyring: Keyring, sums: Path, signature: bytes
) -> None:
    """A signature file of anything else is unmet, without an exception."""
    key = keyring.make("good")
    Path(f"{sums}.gpg").write_bytes(signature)
    assert not look("file", "SHA256SUMS", signed_by=key, within=keyed).met


@pytest.mark.usefixtures("sums")
def test_a_signer_without_certificate_is_unmet(look: Look, keyed: World, sums: Path) -> None:
    """Where the keyring does not have the signer's certificate, the hint says how to get it."""
    Path(f"{sums}.gpg").write_bytes(b"x")
    found = look("file", "SHA256SUMS", signed_by="A" * 40, within=keyed)
    assert found.detail == f"the keyring has no certificate {'A' * 40}"


@pytest.mark.parametrize(
    "written",
    [
        {"file": ""},
        {"file": "x", "sha256": "abc"},
        {"file": "x", "signed-by": "archive@example.org"},
        {"file": "x", "signature": "x.gpg"},
    ],
)
def test_what_cannot_be_checked_is_refused(written: dict[str, Any]) -> None:
    """No name, half a digest, a signer by mail address and a signature without signer are refused."""
    with pytest.raises(ValidationError):
        File.model_validate(written)


def test_a_directory(look: Look, tmp_path: Path) -> None:
    """A directory must be one and, unless that is not wanted, writable; looking leaves nothing in it."""
    (tmp_path / "file").touch()
    assert look("dir", ".") == Finding(True, f"{tmp_path} is writable")
    assert look("dir", ".", writable="no") == Finding(True, str(tmp_path))
    assert look("dir", "file") == Finding(False, "`file` is not a directory")
    assert look("dir", "missing") == Finding(False, "`missing` is not there")
    assert list(tmp_path.iterdir()) == [tmp_path / "file"]


def test_a_directory_where_nothing_can_be_made(look: Look) -> None:
    """A directory in which even root cannot make files is unmet."""
    found = look("dir", "/proc")
    assert (found.met, found.detail) == (False, "no file can be made in `/proc`: No such file or directory")
    assert look("dir", "/proc", writable="no").met
