from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from builders.publish import index
from builders.publish.identity import Identity
from builders.publish.promote import Promotion, promote
from builders.publish.publication import Ledger, Publication, Regional
from builders.publish.tree import Tree
from recipe_runner.errors import UnmetError, VerificationError
from tests.support.dailies import make_daily
from tests.support.keyring import keyring, make_key


@pytest.fixture(scope="module")
def key() -> Iterator[str]:
    with keyring() as home:
        yield make_key(home, "release")


@pytest.fixture
def tree(tmp_path: Path, key: str) -> Tree:
    """Give a tree with a promoted milestone."""
    tree = Tree(tmp_path / "tree")
    make_daily(tree, "20090723", key)
    promote(tree, Promotion("karmic", "20090723", "alpha-3", signed_by=key, key=key), lambda _: None)
    return tree


def publish(path: Path, identity: Identity, *, public: bool) -> Path:
    regions = {"us-east-1": Regional(snapshot="snap-1", snapshot_done=True, image="ami-1", public=public)}
    ledger = Ledger(
        path,
        Publication(
            identity=identity, cloud="aws", account="1", content="c", gibibytes=1, source="us-east-1", regions=regions
        ),
    )
    ledger.note(verified=True)
    return path


def test_a_release_is_found_by_page_table_query_and_link(
    tree: Tree, tmp_path: Path, identity: Identity, key: str
) -> None:
    """The image is in the page, the table and the query file, and both links lead to the release."""
    release = index.open_release(tree, publish(tmp_path / "ec2.json", identity, public=True), key=key)
    index.update(tree, release, lambda _: None)
    directory = tree.release("karmic", "alpha-3", "20090723")
    for path in ("index.html", "published-ec2-release.txt", "../../../../query/karmic/server/released.current.txt"):
        assert "ami-1" in (directory / path).read_text()
    for name in ("current", "alpha-3"):
        assert (directory.parent / name).readlink() == Path(directory.name)


def test_the_announcement_is_said_and_kept(tree: Tree, tmp_path: Path, identity: Identity, key: str) -> None:
    """What is printed is what stands in the release's directory."""
    state = publish(tmp_path / "ec2.json", identity, public=True)
    release = index.open_release(tree, state, key=key, mirror="https://example.org/")
    said: list[str] = []
    text = index.announce(tree, release, said.append).read_text()
    assert text.splitlines() == said
    assert "https://example.org/server/releases/karmic/release-alpha-3-20090723/" in text
    assert (tree.release("karmic", "alpha-3", "20090723") / "announcement.html").exists()


def test_a_private_image_is_entered_nowhere(tree: Tree, tmp_path: Path, identity: Identity, key: str) -> None:
    """Neither index nor announcement is made before the image is public."""
    with pytest.raises(UnmetError, match="not public"):
        index.open_release(tree, publish(tmp_path / "ec2.json", identity, public=False), key=key)


def test_a_release_that_was_tampered_with_is_entered_nowhere(
    tree: Tree, tmp_path: Path, identity: Identity, key: str
) -> None:
    """The files people are sent to are verified once more."""
    (tree.release("karmic", "alpha-3", "20090723") / "SHA256SUMS").write_text("0" * 64 + " *other\n")
    with pytest.raises(VerificationError):
        index.open_release(tree, publish(tmp_path / "ec2.json", identity, public=True), key=key)
