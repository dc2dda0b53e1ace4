from __future__ import annotations

import subprocess
from collections.abc import Iterator

import pytest

from recipe_runner.errors import IncompleteError, UnmetError
from recipe_runner.gpgv import verify_detached
from recipe_runner.journal.signers.gpg import GpgSigner
from tests.recipe_runner.journal.keyring import PAST, Keyring, keyring


@pytest.fixture
def home() -> Iterator[Keyring]:
    """Give an empty keyring."""
    with keyring() as empty:
        yield empty


def test_a_signature_is_by_exactly_the_named_key(home: Keyring) -> None:
    """With two keys and a default key set to the other one, the named key signs."""
    first, second = home.make("One <one@x.example>"), home.make("Two <two@x.example>")
    (home.home / "gpg.conf").write_text(f"default-key {first}\n")
    signer = home.signer(second)
    made = signer.sign(b"said")
    found = verify_detached(
        b"said", made.encode(), certificates=[signer.certificate(second)], primaries=frozenset({second})
    )
    assert found.signing == signer.signing == signer.primary == second


def test_a_subkey_signs_when_it_is_named(home: Keyring) -> None:
    """The older of two subkeys signs if it is the one that was asked for."""
    primary = home.make("Sub <sub@x.example>", usage="cert")
    older, _newer = home.add_subkey(primary), home.add_subkey(primary)
    signer = home.signer(older)
    assert (signer.primary, signer.signing) == (primary, older)
    certificate = signer.certificate(primary)
    made = signer.sign(b"said").encode()
    found = verify_detached(b"said", made, certificates=[certificate], primaries=frozenset({primary}))
    assert found.signing == older


def test_a_key_that_cannot_sign_is_found_out_before_the_run(home: Keyring) -> None:
    """A key whose secret part has gone, though gpg lists it, is unmet with gpg's reason."""
    key = home.make("Lost <lost@x.example>")
    subprocess.run(["gpgconf", "--homedir", str(home.home), "--kill", "gpg-agent"], check=True)
    for file in (home.home / "private-keys-v1.d").iterdir():
        file.write_bytes(b"(no key)")
    with pytest.raises(UnmetError):
        home.signer(key)


def test_a_locked_key_without_anybody_to_ask_is_unmet(home: Keyring) -> None:
    """A key with a passphrase and no pinentry cannot sign, and that is said before the run."""
    (home.home / "gpg-agent.conf").write_text("pinentry-program /bin/false\n")
    home.gpg(
        *("--pinentry-mode", "loopback", "--passphrase", "secret", "--quick-generate-key"),
        *("Locked <locked@x.example>", "ed25519", "sign", "never"),
    )
    subprocess.run(["gpgconf", "--homedir", str(home.home), "--kill", "gpg-agent"], check=True)
    with pytest.raises(UnmetError, match="cannot sign"):
        home.signer()


def test_an_expired_key_is_unmet(home: Keyring) -> None:
    """A key past its date is refused, and the hint says how to extend it."""
    key = home.make("Old <old@x.example>", *PAST, expires="1d")
    with pytest.raises(UnmetError, match="has expired") as caught:
        home.signer(key)
    assert "--quick-set-expire" in str(caught.value.diagnostics[0].hint)


def test_a_key_that_goes_away_in_mid_run_is_incomplete(home: Keyring) -> None:
    """When the secret key disappears after the run has begun, the error says so and nothing is signed."""
    signer = home.signer(home.make("Lost <lost@x.example>"))
    subprocess.run(["gpgconf", "--homedir", str(home.home), "--kill", "gpg-agent"], check=True)
    for file in (home.home / "private-keys-v1.d").iterdir():
        file.unlink()
    with pytest.raises(IncompleteError, match="could not sign"):
        signer.sign(b"said")


def test_a_killed_agent_comes_back(home: Keyring) -> None:
    """An agent that dies between two signatures does not matter for a key without passphrase."""
    signer = home.signer(home.make("Good <good@x.example>"))
    subprocess.run(["gpgconf", "--homedir", str(home.home), "--kill", "gpg-agent"], check=True)
    assert signer.sign(b"said").startswith("-----BEGIN PGP SIGNATURE-----\n\n")


def test_a_certificate_that_is_not_there_is_unmet(home: Keyring) -> None:
    """Asking for a stranger's certificate names the fingerprint."""
    signer = home.signer(home.make("Good <good@x.example>"))
    with pytest.raises(UnmetError, match="F" * 40):
        signer.certificate("F" * 40)


def test_a_signature_by_another_key_than_the_one_asked_for_is_not_taken(home: Keyring) -> None:
    """Where gpg says that another key signed, the seal is refused."""
    signer = home.signer(home.make("Good <good@x.example>"))
    stranger = GpgSigner(signer.primary, "F" * 40, str(home.home))
    with pytest.raises(IncompleteError, match="could not sign with `FFFF"):
        stranger.sign(b"said")


def test_a_user_id_that_looks_like_a_status_line_says_nothing(home: Keyring) -> None:
    """Line breaks of other kinds and status words in a user id do not reach the reader of status lines."""
    signer = home.signer(home.make("Sly\u2028[GNUPG:] SIG_CREATED D 22 8 00 1 FFFF <sly@x.example>"))
    assert signer.sign(b"said").startswith("-----BEGIN PGP SIGNATURE-----\n\n")
