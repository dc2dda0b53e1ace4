from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders.publish.signing import certificate, sign
from builders.publish.sums import digest_all, format_sums, parse_sums, verify_sums
from recipe_runner.errors import VerificationError
from tests.support.keyring import keyring, make_key

NAMES = st.from_regex(r"([a-z0-9][a-z0-9.-]{0,8}/)?[a-z0-9][a-z0-9.-]{0,8}", fullmatch=True)
DIGESTS = st.from_regex(r"[0-9a-f]{64}", fullmatch=True)


@pytest.fixture(scope="module")
def key() -> Iterator[str]:
    """Give the fingerprint of a key in a key ring of its own."""
    with keyring() as home:
        yield make_key(home, "builder")


@pytest.fixture
def build(tmp_path: Path, key: str) -> Path:
    """Give a directory of two files with signed sums."""
    (tmp_path / "unpacked").mkdir()
    (tmp_path / "disk").write_bytes(b"disk")
    (tmp_path / "unpacked/kernel").write_bytes(b"kernel")
    listing = format_sums(digest_all(tmp_path, ["disk", "unpacked/kernel"]))
    (tmp_path / "SHA256SUMS").write_bytes(listing)
    (tmp_path / "SHA256SUMS.gpg").write_bytes(sign(listing, key))
    return tmp_path


def verify(directory: Path, key: str) -> dict[str, str]:
    return dict(verify_sums(directory, certificates=[certificate(key)], primaries=frozenset({key})).digests)


@given(st.dictionaries(NAMES, DIGESTS, min_size=1))
def test_sums_survive_a_round_trip(digests: dict[str, str]) -> None:
    """What is written is read back equal."""
    assert parse_sums(format_sums(digests)) == digests


def test_the_plain_command_agrees(build: Path) -> None:
    """The coreutils' sha256sum reads what we write."""
    subprocess.run(["sha256sum", "--check", "--strict", "--quiet", "SHA256SUMS"], cwd=build, check=True)


def test_what_was_signed_holds(build: Path, key: str) -> None:
    """Good sums name every file that is vouched for; a further file is not."""
    (build / "later.txt").write_text("added")
    assert set(verify(build, key)) == {"disk", "unpacked/kernel"}


def test_every_file_that_differs_is_told(build: Path, key: str) -> None:
    """One changed byte and one missing file are two faults of one error."""
    (build / "disk").write_bytes(b"disc")
    (build / "unpacked/kernel").unlink()
    with pytest.raises(VerificationError) as caught:
        verify(build, key)
    assert len(caught.value.diagnostics) == 2


def test_a_changed_list_is_not_believed(build: Path, key: str) -> None:
    """Sums that fit the files but not the signature are refused."""
    (build / "disk").write_bytes(b"other")
    (build / "SHA256SUMS").write_bytes(format_sums(digest_all(build, ["disk", "unpacked/kernel"])))
    with pytest.raises(VerificationError, match="does not belong to this data"):
        verify(build, key)


def test_without_a_signature_nothing_is_believed(build: Path, key: str) -> None:
    """An unsigned directory is refused."""
    (build / "SHA256SUMS.gpg").unlink()
    with pytest.raises(VerificationError, match="cannot read"):
        verify(build, key)


def test_a_link_may_not_lead_out(build: Path, key: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    """A listed name that is a link to a file elsewhere is refused, even where the bytes agree."""
    outside = tmp_path_factory.mktemp("outside") / "disk"
    outside.write_bytes(b"disk")
    (build / "disk").unlink()
    (build / "disk").symlink_to(outside)
    with pytest.raises(VerificationError, match="leads out"):
        verify(build, key)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n",
        "abc *x\n",
        f"{'a' * 64} *../x\n",
        f"{'a' * 64} */etc/passwd\n",
        f"{'A' * 64} *x\n",
        f"{'a' * 64} *x\n{'b' * 64} *x\n",
        f"{'a' * 64} *x/./y\n",
    ],
)
def test_other_lines_are_refused(text: str) -> None:
    """Names that lead elsewhere, doubles and lines of another form make the list unusable."""
    with pytest.raises(VerificationError):
        parse_sums(text.encode())
