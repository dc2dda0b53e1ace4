from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from recipe_runner.journal.policy import Policy
from recipe_runner.journal.signers.gpg import GpgSigner
from tests.recipe_runner.journal.judge import Judge
from tests.recipe_runner.journal.keyring import Keyring, keyring


@pytest.fixture(scope="session")
def keys() -> Iterator[Keyring]:
    """Give a keyring with the key `Me`."""
    with keyring() as home:
        home.make("Me <me@x.example>")
        yield home


@pytest.fixture(scope="session")
def signer(keys: Keyring) -> GpgSigner:
    """Return the signer of `Me`."""
    return keys.signer(keys.fingerprints("me@x.example")[0])


@pytest.fixture(scope="session")
def policy(signer: GpgSigner) -> Policy:
    """Trust `Me` alone."""
    return Policy(frozenset({signer.primary}), (signer.certificate(signer.primary),))


@pytest.fixture(scope="session")
def judge(policy: Policy) -> Judge:
    """Examine under the policy, asking gpgv about each signature over each text once."""
    return Judge(policy)


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """Return a directory for a run that is not there yet."""
    return tmp_path / "runs" / "a-run"
