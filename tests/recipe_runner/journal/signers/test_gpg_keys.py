from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from recipe_runner.errors import UnmetError
from recipe_runner.journal.signers.gpg_keys import choose, secret_keys
from tests.recipe_runner.journal.keyring import PAST, Keyring, keyring


@pytest.fixture
def home() -> Iterator[Keyring]:
    """Give an empty keyring."""
    with keyring() as empty:
        yield empty


def chosen(home: Keyring, fingerprint: str | None = None) -> str:
    """Return the fingerprint of the key that is chosen."""
    return choose(secret_keys(str(home.home)), fingerprint).fingerprint


def test_the_only_key_that_can_sign_needs_no_name(home: Keyring) -> None:
    """Keys that are expired, revoked or made for something else are no choice."""
    good = home.make("Good <good@x.example>")
    home.make("Old <old@x.example>", *PAST, expires="1d")
    home.make("Certify <certify@x.example>", usage="cert")
    home.revoke(home.make("Gone <gone@x.example>"))
    assert chosen(home) == good


def test_several_keys_are_listed_with_their_fingerprints(home: Keyring) -> None:
    """Where several keys can sign, nobody guesses: all are named, their user ids made harmless."""
    both = [home.make("One <one@x.example>"), home.make("Two\u202e <two@x.example>", "--utf8-strings")]
    with pytest.raises(UnmetError, match="2 secret keys can sign") as caught:
        chosen(home)
    assert all(key in str(caught.value) for key in both)
    assert "\u202e" not in str(caught.value)


def test_an_empty_keyring_is_said_so(home: Keyring) -> None:
    """Without any secret key the message says that, and how to make one."""
    with pytest.raises(UnmetError, match="the keyring has none") as caught:
        chosen(home)
    assert "--quick-generate-key" in str(caught.value.diagnostics[0].hint)


def test_somebody_new_to_gpg_has_no_keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A home without `.gnupg` is an empty keyring, not a failure of gpg."""
    monkeypatch.delenv("GNUPGHOME", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert secret_keys(None) == []
    monkeypatch.setenv("GNUPGHOME", str(tmp_path / "mistyped"))
    with pytest.raises(UnmetError, match="gpg failed"):
        secret_keys(None)


def test_a_key_is_named_by_its_whole_fingerprint(home: Keyring) -> None:
    """A fingerprint may have spaces and small letters, but is never cut short."""
    key = home.make("Good <good@x.example>")
    assert chosen(home, " ".join(key[i : i + 4] for i in range(0, 40, 4)).lower()) == key
    for short in (key[-16:], "good@x.example", ""):
        with pytest.raises(UnmetError, match="has no secret key"):
            chosen(home, short)


def test_a_primary_stands_for_its_newest_signing_subkey(home: Keyring) -> None:
    """As with gpg, the newest usable subkey signs; a subkey named itself is taken as it is."""
    primary = home.make("Sub <sub@x.example>")
    assert chosen(home, primary) == primary
    first, second = home.add_subkey(primary), home.add_subkey(primary)
    assert chosen(home, primary) == chosen(home) == second
    assert chosen(home, first) == first


def test_why_a_named_key_cannot_sign_is_said(home: Keyring) -> None:
    """Expired, revoked and made for something else are told apart."""
    expired = home.make("Old <old@x.example>", *PAST, expires="1d")
    revoked = home.make("Gone <gone@x.example>")
    home.revoke(revoked)
    certify = home.make("Certify <certify@x.example>", usage="cert")
    for key, why in ((expired, "has expired"), (revoked, "is revoked"), (certify, "is not made for signing")):
        with pytest.raises(UnmetError, match=why):
            chosen(home, key)


def test_a_subkey_whose_secret_part_is_elsewhere_is_passed_over(home: Keyring) -> None:
    """A primary key that is only a stub here signs with its subkey, and cannot sign itself."""
    primary = home.make("Offline <offline@x.example>")
    subkey = home.add_subkey(primary)
    secret = home.gpg("--armor", "--export-secret-subkeys", primary)
    with keyring() as travel:
        travel.gpg("--import", given=secret)
        assert chosen(travel) == chosen(travel, primary) == subkey
        keys = {key.fingerprint: key for key in secret_keys(str(travel.home))}
        assert keys[primary].obstacle == "has no secret part here"


def test_a_revoked_primary_takes_its_subkeys_with_it(home: Keyring) -> None:
    """A subkey of a revoked primary cannot be chosen."""
    primary = home.make("Gone <gone@x.example>")
    subkey = home.add_subkey(primary)
    home.revoke(primary)
    with pytest.raises(UnmetError, match="is revoked"):
        chosen(home, subkey)


def test_a_disabled_key_does_not_sign(home: Keyring) -> None:
    """What its owner has switched off (`disable` of `gpg --edit-key`) is no choice."""
    key = home.make("Off <off@x.example>")
    home.gpg("--command-fd", "0", "--edit-key", key, given=b"disable\nquit\n")
    with pytest.raises(UnmetError, match="is disabled"):
        chosen(home)


def test_a_home_that_cannot_be_used_is_unmet(tmp_path: Path) -> None:
    """The last words of gpg are passed on when it cannot work at all."""
    blocked = tmp_path / "file"
    blocked.touch()
    with pytest.raises(UnmetError, match="gpg failed"):
        secret_keys(str(blocked / "home"))


def test_no_gpg_is_said_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without gpg the message names the package to install."""
    monkeypatch.setenv("GNUPGHOME", str(tmp_path))
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(UnmetError, match="not installed"):
        secret_keys(None)
