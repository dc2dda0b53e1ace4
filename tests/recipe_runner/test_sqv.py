from __future__ import annotations

from collections.abc import Iterator

import pytest

from recipe_runner import sqv
from recipe_runner.errors import UnmetError
from recipe_runner.gpgv import UntrustedError
from tests.recipe_runner.journal.keyring import FUTURE, Keyring, keyring

SAID = b"said"


@pytest.fixture(scope="module")
def keys() -> Iterator[Keyring]:
    """Give a keyring."""
    with keyring() as home:
        yield home


def test_a_good_signature_is_confirmed(keys: Keyring) -> None:
    """The primary key's fingerprint is what counts, also where a subkey signed and other certificates are there."""
    primary, other = keys.make("One <one@x.example>"), keys.make("Other <other@x.example>")
    subkey = keys.add_subkey(primary)
    certificates = [keys.certificate(other), keys.certificate(primary)]
    for key in (primary, subkey):
        sqv.confirm(SAID, keys.sign(key, SAID), certificates=certificates, primary=primary)


def test_what_sequoia_does_not_find_good_is_refused(keys: Keyring) -> None:
    """Another text, another person's key, a missing certificate, a revoked key and a date to come are told in words."""
    key, other = keys.make("Two <two@x.example>"), keys.make("Three <three@x.example>")
    certificates = [keys.certificate(key), keys.certificate(other)]
    for signature, given in (
        (keys.sign(key, b"other"), certificates),
        (keys.sign(other, SAID), certificates),
        (keys.sign(key, SAID), certificates[1:]),
        (keys.sign(key, SAID, *FUTURE), certificates),
        (b"junk", certificates),
    ):
        with pytest.raises(UntrustedError, match="`sqv` does not: "):
            sqv.confirm(SAID, signature, certificates=given, primary=key)
    signature = keys.sign(key, SAID)
    keys.revoke(key)
    with pytest.raises(UntrustedError, match="revoked"):
        sqv.confirm(SAID, signature, certificates=[keys.certificate(key)], primary=key)


def test_without_the_program_there_is_no_opinion(monkeypatch: pytest.MonkeyPatch) -> None:
    """A missing `sqv` is unmet, with the package to install."""
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(UnmetError, match="`sqv` is not installed"):
        sqv.installed()
