from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from builders.build.buildinfo import parse_info, sources_of
from builders.build.reproduce import compare, explain, reproduce
from builders.publish.sums import digest_all, format_sums, parse_sums
from builders.publish.tree import BUILD_INFO, SUMS
from recipe_runner.errors import UsageError, VerificationError
from tests.support.karmic import Notes, build_karmic, copy_build
from tests.support.keyring import keyring, make_key


def test_a_build_is_made_again_from_what_it_says_of_itself(karmic: Path) -> None:
    """Every file comes out the same, the archive has not moved, and nothing of the second build stays."""
    with reproduce(karmic, progress=Notes()) as found:
        assert found.same
        assert {file.name for file in found.files} == set(parse_sums((karmic / SUMS).read_bytes()))
        assert found.moved == ()
        assert found.directory.is_dir()
    assert not found.directory.exists()


def test_an_archive_that_moved_is_named(karmic: Path, tmp_path: Path) -> None:
    """Where the build was made from another index than there is now, the suite is told with what differs."""
    copy = copy_build(karmic, tmp_path)
    text = (copy / BUILD_INFO).read_text()
    index = sources_of(parse_info(text))["karmic"]
    (copy / BUILD_INFO).write_text(text.replace(index, "0" * 64))
    names = [*parse_sums((copy / SUMS).read_bytes())]
    (copy / SUMS).write_bytes(format_sums(digest_all(copy, names)))
    with reproduce(copy, progress=Notes()) as found:
        assert found.moved == ("karmic",)
        assert [file.name for file in found.files if file.verdict != "same"] == [BUILD_INFO]
        assert not found.same


def test_every_way_to_differ_has_its_word(tmp_path: Path) -> None:
    """A file may differ from the one made again, from its own checksum, or be on one side only."""
    for name in ("same", "different", "gone", "changed"):
        (tmp_path / name).write_text(name)
    promised = digest_all(tmp_path, ["same", "different", "gone", "changed"]) | {"missing": "0"}
    (tmp_path / "changed").write_text("since")
    remade = {name: promised[name] for name in ("same", "changed", "missing")} | {"different": "1", "new": "2"}
    assert {file.name: file.verdict for file in compare(tmp_path, promised, remade)} == {
        "same": "same",
        "different": "different",
        "gone": "not made again",
        "changed": "changed since",
        "missing": "missing",
        "new": "new",
    }


def test_what_says_nothing_of_itself_cannot_be_made_again(karmic: Path, tmp_path: Path) -> None:
    """No checksums, no definition among them, or a definition that was changed since: refused before any work."""
    notes = Notes()
    with pytest.raises(UsageError, match="cannot read"), reproduce(tmp_path, progress=notes):
        pass
    copy = copy_build(karmic, tmp_path)
    (copy / "definition.toml").write_text("changed")
    with pytest.raises(VerificationError, match="is not the one"), reproduce(copy, progress=notes):
        pass
    kept = [row for row in (copy / SUMS).read_text().splitlines(keepends=True) if "definition" not in row]
    (copy / SUMS).write_text("".join(kept))
    with pytest.raises(UsageError, match="does not promise"), reproduce(copy, progress=notes):
        pass
    assert notes.said == []


def test_only_the_named_keys_signature_counts(karmic: Path, tmp_path: Path) -> None:
    """With a key, a build that it signed is made again; one without its signature is not believed."""
    with keyring() as home:
        key = make_key(home, "builder")
        with pytest.raises(VerificationError), reproduce(karmic, progress=Notes(), key=key):
            pass
        with reproduce(build_karmic(tmp_path, key=key), progress=Notes(), key=key) as found:
            assert found.same


@pytest.mark.skipif(not shutil.which("diffoscope"), reason="diffoscope is not installed")
def test_a_difference_is_explained(karmic: Path, tmp_path: Path) -> None:
    """Diffoscope's words on a file that differs hold the line that differs."""
    copy = copy_build(karmic, tmp_path)
    (manifest,) = copy.glob("*.manifest")
    manifest.write_text("other\t1\n")
    (copy / SUMS).write_bytes(format_sums(digest_all(copy, [*parse_sums((copy / SUMS).read_bytes())])))
    with reproduce(copy, progress=Notes()) as found:
        (said,) = explain(copy, found)
    assert "-other" in said
