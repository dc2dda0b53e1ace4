from __future__ import annotations

from pathlib import Path

import pytest

from recipe_runner.errors import UsageError
from recipe_runner.journal.policy import Policy
from recipe_runner.journal.policy_writer import add_approver, exact, write_policy
from recipe_runner.journal.signers.gpg import GpgSigner
from recipe_runner.ssh_key import SshKey
from tests.recipe_runner.journal.keyring import Keyring

SSH = b"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKbtY4tgBXxncxHcT5l45DACSknNg+4CkmHDyxQbYnu+ ben@here\n"


def test_approvers_are_added_one_by_one(tmp_path: Path, signer: GpgSigner, keys: Keyring) -> None:
    """Each has a table of their own, with roles; the signers stay as they are, and nobody is named twice."""
    file = tmp_path / "policy.toml"
    write_policy(file, signer, ["manager"])
    carol = keys.make("Carol <carol@x.example>")
    add_approver(file, carol, keys.certificate(carol), ["security", "docs"])
    ben = SshKey.read(SSH).fingerprint
    add_approver(file, ben, SSH)
    policy = Policy.load(file)
    assert policy.primaries == {signer.primary}
    assert policy.approvers == {carol, ben}
    assert policy.roles == {signer.primary: {"manager"}, carol: {"security", "docs"}, ben: frozenset()}
    assert policy.approves(carol, {"docs", None})
    assert not policy.approves(ben, {"docs"})
    assert not policy.approves(signer.primary, set())
    with pytest.raises(UsageError, match="as an approver already"):
        add_approver(file, carol, keys.certificate(carol))


def test_a_broken_policy_is_not_extended(tmp_path: Path) -> None:
    """A file with a fault stays as it is, and the fault is shown at its line."""
    file = tmp_path / "policy.toml"
    file.write_text("policy = 1\n[[signers]]\nfingerprint = 'x'\n")
    with pytest.raises(UsageError) as caught:
        add_approver(file, "A" * 40, b"")
    assert caught.value.diagnostics[0].span is not None
    assert file.read_text().endswith("'x'\n")


def test_only_whole_fingerprints_are_taken() -> None:
    """A short key id could be anybody's."""
    assert exact(" ".join(["abcd"] * 10)) == "ABCD" * 10
    for text in ("ABCD", "", "SHA256:short", "G" * 40):
        with pytest.raises(UsageError, match="no fingerprint"):
            exact(text)
