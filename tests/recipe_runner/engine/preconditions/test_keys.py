from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from pydantic import ValidationError

from recipe_runner.engine.preconditions.base import Finding, World
from recipe_runner.engine.preconditions.keys import GpgKey, certificate
from recipe_runner.errors import UnmetError
from tests.recipe_runner.engine.preconditions.conftest import Keyring, Look

LONG_AGO = ("--faked-system-time", "20200101T000000!")


def test_a_good_key_has_signed(look: Look, keyed: World, keyring: Keyring) -> None:
    """A secret key that can sign is met, and the fingerprint that signed is shown."""
    key = keyring.make("good")
    assert look("gpg-key", key, within=keyed) == Finding(True, f"signed with {key}")


def test_a_key_may_be_written_with_spaces(look: Look, keyed: World, keyring: Keyring) -> None:
    """A fingerprint as gpg shows it, in groups, is the same fingerprint."""
    key = keyring.make("good")
    grouped = " ".join(key[i : i + 4] for i in range(0, 40, 4)).lower()
    assert look("gpg-key", grouped, within=keyed).met


def test_a_primary_key_that_only_certifies_signs_with_its_subkey(look: Look, keyed: World, keyring: Keyring) -> None:
    """Where the primary key cannot sign, its signing subkey does, and either may be named."""
    key = keyring.make("offline", usage="cert")
    assert not look("gpg-key", key, within=keyed).met
    keyring.gpg("--pinentry-mode", "loopback", "--passphrase", "", "--quick-add-key", key, "ed25519", "sign")
    subkey = keyring.fingerprints("offline")[1]
    for named in (key, subkey):
        assert look("gpg-key", named, within=keyed) == Finding(True, f"signed with {subkey}")


def test_an_expired_key_is_unmet(look: Look, keyed: World, keyring: Keyring) -> None:
    """A key past its date is unmet, and the hint says how to extend it."""
    key = keyring.make("old", expire="1d", extra=LONG_AGO)
    found = look("gpg-key", key, within=keyed)
    assert (found.met, found.detail) == (False, f"key {key} is expired")
    assert "--quick-set-expire" in str(found.hint)


def test_a_revoked_key_is_unmet(look: Look, keyed: World, keyring: Keyring) -> None:
    """A key that was good and has been revoked is unmet."""
    key = keyring.make("gone")
    assert look("gpg-key", key, within=keyed).met
    keyring.revoke("gone")
    found = look("gpg-key", key, within=keyed)
    assert (found.met, found.detail) == (False, f"key {key} is revoked")


def test_a_subkey_of_a_revoked_key_is_unmet(look: Look, keyed: World, keyring: Keyring) -> None:
    """Naming a signing subkey does not hide that its primary key is revoked."""
    key = keyring.make("gone")
    keyring.gpg("--pinentry-mode", "loopback", "--passphrase", "", "--quick-add-key", key, "ed25519", "sign")
    subkey = keyring.fingerprints("gone")[1]
    keyring.revoke("gone")
    found = look("gpg-key", subkey, within=keyed)
    assert (found.met, found.detail) == (False, f"key {key} is revoked")


def test_a_locked_key_is_unmet_and_nobody_is_asked(look: Look, keyed: World, keyring: Keyring) -> None:
    """A passphrase that the agent does not hold makes the key unmet at once; no prompt, no waiting."""
    key = keyring.make("locked", extra=("--passphrase", "correct horse"))
    subprocess.run(["gpgconf", "--homedir", str(keyring.home), "--reload", "gpg-agent"], check=True)
    found = look("gpg-key", key, within=keyed)
    assert (found.met, found.detail) == (False, "the key is locked by a passphrase that the agent does not hold")
    keyring.gpg("--pinentry-mode", "loopback", "--passphrase", "correct horse", "-u", key, "--clearsign", given=b"x")
    assert look("gpg-key", key, within=keyed).met


def test_a_public_key_alone_is_unmet(look: Look, keyed: World, keyring: Keyring) -> None:
    """A keyring that has only the certificate cannot sign."""
    key = keyring.make("good")
    keyring.gpg("--delete-secret-keys", key)
    found = look("gpg-key", key, within=keyed)
    assert (found.met, found.detail) == (False, "the keyring has no such secret key")
    assert certificate(key, keyed)


def test_a_stub_is_unmet(look: Look, keyed: World, keyring: Keyring) -> None:
    """A signing subkey whose secret part was left elsewhere cannot sign."""
    key = keyring.make("main", usage="cert")
    keyring.gpg("--pinentry-mode", "loopback", "--passphrase", "", "--quick-add-key", key, "ed25519", "sign")
    subkey = keyring.fingerprints("main")[1]
    grip = keyring.gpg("--with-colons", "--with-keygrip", "--list-keys", subkey).decode()
    grips = [line.split(":")[9] for line in grip.splitlines() if line.startswith("grp:")]
    (keyring.home / "private-keys-v1.d" / f"{grips[1]}.key").unlink()
    subprocess.run(["gpgconf", "--homedir", str(keyring.home), "--kill", "gpg-agent"], check=True)
    found = look("gpg-key", subkey, within=keyed)
    assert not found.met
    assert "stub" in found.detail


def test_looking_makes_no_keyring(look: Look, world: World) -> None:
    """Where there is no keyring, none is made by looking."""
    assert not look("gpg-key", "A" * 40, within=world).met
    assert not (world.directory / ".gnupg").exists()


def test_missing_gpg_names_its_package(look: Look, tmp_path: Path) -> None:
    """Without gpg the hint says what to install."""
    found = look("gpg-key", "A" * 40, within=World({"PATH": str(tmp_path)}, tmp_path))
    assert found.hint == "install it: `apt-get install gnupg`"


def test_a_certificate_that_is_not_there(keyed: World) -> None:
    """A certificate that the keyring does not have is an unmet requirement with the way to get it."""
    with pytest.raises(UnmetError, match=f"no certificate {'A' * 40}"):
        certificate("A" * 40, keyed)


@pytest.mark.parametrize("text", ["", "release@example.org", "DEADBEEF", "A" * 39, "A" * 41, "--help"])
def test_only_whole_fingerprints_are_accepted(text: str) -> None:
    """Mail addresses and short ids are refused, since other keys can be made to match them."""
    with pytest.raises(ValidationError, match="wanted a key's whole fingerprint"):
        GpgKey.model_validate({"gpg-key": text})
