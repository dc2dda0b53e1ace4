from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from builders.publish.promote import Promotion, promote
from builders.publish.signing import certificate, sign
from builders.publish.sums import verify_sums
from builders.publish.tree import SIGNATURE, SUMS, Tree
from recipe_runner.errors import UnmetError, VerificationError
from tests.support.dailies import make_daily
from tests.support.keyring import keyring, make_key

SERIAL = "20090723"


@pytest.fixture(scope="module")
def keys() -> Iterator[tuple[str, str]]:
    """Give the fingerprints of the archive's key and of the release's key."""
    with keyring() as home:
        yield make_key(home, "archive"), make_key(home, "release")


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    return Tree(tmp_path / "tree")


@pytest.fixture
def promotion(keys: tuple[str, str]) -> Promotion:
    return Promotion("karmic", SERIAL, "alpha-3", signed_by=keys[0], key=keys[1])


def silent(_text: str) -> None:
    """Say nothing."""


def test_a_promoted_daily_is_the_same_files_signed_anew(tree: Tree, promotion: Promotion) -> None:
    """The release's files are the daily's, not copies, and verify under the release's key."""
    daily = make_daily(tree, SERIAL, promotion.signed_by)
    release = promote(tree, promotion, silent)
    assert release == tree.root / "server/releases/karmic/release-alpha-3-20090723"
    verified = verify_sums(release, certificates=[certificate(promotion.key)], primaries=frozenset({promotion.key}))
    assert "unpacked/karmic-server-cloudimg-amd64-vmlinuz-server" in verified.digests
    for name in verified.digests:
        assert (release / name).samefile(daily / name)


def test_promoting_again_finds_the_release(tree: Tree, promotion: Promotion) -> None:
    """A repeated step leaves the release as it is."""
    make_daily(tree, SERIAL, promotion.signed_by)
    before = promote(tree, promotion, silent).stat()
    assert promote(tree, promotion, silent).stat() == before


def test_a_tampered_daily_is_not_promoted(tree: Tree, promotion: Promotion) -> None:
    """One changed byte in one file stops the promotion, and no release appears."""
    daily = make_daily(tree, SERIAL, promotion.signed_by)
    with (daily / "build-info.txt").open("r+b") as stream:
        stream.write(b"X")
    with pytest.raises(VerificationError, match=r"build-info\.txt"):
        promote(tree, promotion, silent)
    assert not (tree.root / "server/releases").exists()


def test_a_daily_signed_by_somebody_else_is_not_promoted(tree: Tree, promotion: Promotion) -> None:
    """A good signature by another key that we know is not the archive's."""
    make_daily(tree, SERIAL, promotion.key)
    with pytest.raises(VerificationError):
        promote(tree, promotion, silent)


def test_another_release_of_the_same_name_is_not_replaced(tree: Tree, promotion: Promotion) -> None:
    """A release directory is never changed."""
    make_daily(tree, SERIAL, promotion.signed_by)
    release = promote(tree, promotion, silent)
    (release / "build-info.txt").unlink()
    (release / "build-info.txt").write_text("other")
    with pytest.raises(VerificationError):
        promote(tree, promotion, silent)
    assert (release / "build-info.txt").read_text() == "other"


def test_a_release_signed_over_other_files_is_not_taken_for_the_dailys(tree: Tree, promotion: Promotion) -> None:
    """A list that the release's own key signed vouches for that release, not for its being this daily."""
    make_daily(tree, SERIAL, promotion.signed_by)
    release = promote(tree, promotion, silent)
    shorter = b"".join((release / SUMS).read_bytes().splitlines(keepends=True)[1:])
    (release / SUMS).write_bytes(shorter)
    (release / SIGNATURE).write_bytes(sign(shorter, promotion.key))
    with pytest.raises(UnmetError, match="exists already with other files"):
        promote(tree, promotion, silent)


def test_a_missing_daily_is_one_clear_fault(tree: Tree, promotion: Promotion) -> None:
    """A serial that was never built is named by its path."""
    with pytest.raises(VerificationError, match="server/karmic/20090723/SHA256SUMS"):
        promote(tree, promotion, silent)


def test_a_key_that_cannot_sign_leaves_no_release(tree: Tree, promotion: Promotion) -> None:
    """When signing fails nothing appears under the release's name, and no rest is left."""
    make_daily(tree, SERIAL, promotion.signed_by)
    stranger = Promotion("karmic", SERIAL, "alpha-3", signed_by=promotion.signed_by, key="A" * 40)
    with pytest.raises(UnmetError):
        promote(tree, stranger, silent)
    assert list((tree.root / "server/releases/karmic").iterdir()) == []
