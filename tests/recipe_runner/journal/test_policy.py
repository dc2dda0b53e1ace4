from __future__ import annotations

from pathlib import Path

import pytest

from recipe_runner.errors import UsageError
from recipe_runner.journal.policy import Policy
from recipe_runner.journal.policy_writer import write_policy
from recipe_runner.journal.signers.gpg import GpgSigner


def test_a_written_policy_is_read_back(tmp_path: Path, signer: GpgSigner) -> None:
    """`write_policy` leaves a file and a certificate that trust exactly the signer."""
    write_policy(tmp_path / "policy.toml", signer)
    policy = Policy.load(tmp_path / "policy.toml")
    assert policy.primaries == {signer.primary}
    assert len(policy.certificates) == 1
    assert (policy.recipe.name, policy.recipe.sha256, policy.parameters, policy.approvals) == (None, None, {}, {})
    assert {path.suffix for path in tmp_path.iterdir()} == {".toml", ".asc"}
    write_policy(tmp_path / "policy.toml", signer)
    assert Policy.load(tmp_path / "policy.toml") == policy


def test_a_certificate_that_cannot_be_read_is_named_where_it_is_written(tmp_path: Path, signer: GpgSigner) -> None:
    """A missing certificate, and a file that is none, are faults of the policy's line."""
    write_policy(tmp_path / "policy.toml", signer)
    (certificate,) = tmp_path.glob("*.asc")
    for content in (b"hello", None):
        certificate.write_bytes(content) if content else certificate.unlink()
        with pytest.raises(UsageError) as caught:
            Policy.load(tmp_path / "policy.toml")
        (fault,) = caught.value.diagnostics
        assert certificate.name in fault.message
        assert fault.span is not None
        assert fault.span.text.startswith("certificate = ")


def test_a_witness_that_cannot_be_meant_is_named_where_it_is_written(tmp_path: Path, signer: GpgSigner) -> None:
    """An address at which no such witness can be, and an authority's file that is not there: each at its line."""
    path = tmp_path / "policy.toml"
    write_policy(path, signer)
    path.write_text(
        f'{path.read_text()}\n[[witnesses]]\nkind = "git"\naddress = "-x"\n[[witnesses]]\nkind = "tsa"\nca = "no.pem"\n'
    )
    with pytest.raises(UsageError) as caught:
        Policy.load(path)
    assert [fault.span and fault.span.text for fault in caught.value.diagnostics] == ['kind = "git"', 'ca = "no.pem"']


def test_a_policy_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    """A missing, huge or binary policy file is told, not raised."""
    with pytest.raises(UsageError, match="cannot read"):
        Policy.load(tmp_path / "absent.toml")
    (tmp_path / "huge.toml").write_bytes(b"#" * 2_000_000)
    with pytest.raises(UsageError, match="more than"):
        Policy.load(tmp_path / "huge.toml")
    (tmp_path / "binary.toml").write_bytes(bytes(range(256)))
    with pytest.raises(UsageError, match="not TOML"):
        Policy.load(tmp_path / "binary.toml")


def test_a_policy_that_cannot_be_written_is_an_error(tmp_path: Path, signer: GpgSigner) -> None:
    """A missing directory is told with its name."""
    with pytest.raises(UsageError, match="absent"):
        write_policy(tmp_path / "absent" / "policy.toml", signer)
