from __future__ import annotations

from pathlib import Path

import pytest

from builders.publish.identity import Identity
from builders.publish.publication import Ledger, Publication, Regional, read_publication, set_aside
from recipe_runner.errors import RecipeError, UnmetError


@pytest.fixture
def publication(identity: Identity) -> Publication:
    return Publication(
        identity=identity,
        cloud="aws",
        account="123456789012",
        content="ab" * 32,
        gibibytes=1,
        source="us-east-1",
        regions={"us-east-1": Regional(), "eu-west-1": Regional(image="ami-2")},
    )


def test_what_is_noted_is_in_the_file_at_once(tmp_path: Path, publication: Publication) -> None:
    """A process that dies after a note has lost nothing."""
    ledger = Ledger(tmp_path / "ec2.json", publication)
    ledger.note(sent=(1, 2))
    ledger.note_region("us-east-1", snapshot="snap-1")
    read = read_publication(tmp_path / "ec2.json")
    assert read == ledger.current
    assert (read.sent, read.regions["us-east-1"].snapshot) == ((1, 2), "snap-1")


@pytest.mark.parametrize(("change", "verified"), [({"public": True}, True), ({"image": "ami-3"}, False)])
def test_another_image_has_to_be_verified_again(
    tmp_path: Path, publication: Publication, change: dict[str, object], verified: bool
) -> None:
    """Becoming public keeps what was verified, another image or snapshot does not."""
    ledger = Ledger(tmp_path / "ec2.json", publication)
    ledger.note(verified=True)
    ledger.note_region("eu-west-1", **change)
    assert ledger.current.verified is verified


def test_a_missing_file_says_what_to_do(tmp_path: Path) -> None:
    """Verifying or making public before anything was prepared is an unmet condition."""
    with pytest.raises(UnmetError, match="there is no publication"):
        read_publication(tmp_path / "ec2.json")


@pytest.mark.parametrize(
    ("text", "message"), [("{", "is not JSON"), ('{"format": "x"}', "`format`"), ("\xff", "is not JSON")]
)
def test_a_damaged_file_is_no_traceback(tmp_path: Path, text: str, message: str) -> None:
    """Every fault of the file is named with its place."""
    (tmp_path / "ec2.json").write_bytes(text.encode("latin-1"))
    with pytest.raises(RecipeError, match=message):
        read_publication(tmp_path / "ec2.json")


def test_files_set_aside_are_all_kept(tmp_path: Path) -> None:
    """A second file set aside does not replace the first."""
    for text in ("one", "two"):
        (tmp_path / "ec2.json").write_text(text)
        set_aside(tmp_path / "ec2.json")
    assert sorted(p.read_text() for p in tmp_path.iterdir()) == ["one", "two"]


def test_a_private_image_is_not_for_the_world(publication: Publication) -> None:
    """The regions where it is private are named."""
    with pytest.raises(UnmetError, match="not public in us-east-1, eu-west-1"):
        publication.refuse_private()
