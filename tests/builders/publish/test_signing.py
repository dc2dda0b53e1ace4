from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from builders.publish.signing import certificate, sign
from recipe_runner.errors import UnmetError
from recipe_runner.gpgv import verify_detached
from tests.support.keyring import keyring, make_key

STRANGER = "A" * 40


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    with keyring() as home:
        yield home


def test_a_signature_is_good_for_its_key_only(home: Path) -> None:
    """The strict verifier accepts the signature under the key's certificate."""
    key = make_key(home, "signer")
    signature = verify_detached(
        b"data", sign(b"data", key), certificates=[certificate(key)], primaries=frozenset({key})
    )
    assert (signature.primary, signature.hash) == (key, "SHA512")


@pytest.mark.usefixtures("home")
def test_a_missing_key_is_one_clear_fault() -> None:
    """Neither signing by nor exporting an unknown key ends in a traceback."""
    with pytest.raises(UnmetError, match=f"gpg cannot use the key `{STRANGER}`"):
        sign(b"data", STRANGER)
    with pytest.raises(UnmetError, match=STRANGER):
        certificate(STRANGER)
