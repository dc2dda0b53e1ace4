from __future__ import annotations

import re
from pathlib import Path

from builders.proof.root import Root
from tests.support.roots import Entry, write_root


def test_texts_are_found_in_their_own_file_only(tmp_path: Path) -> None:
    """A match never reaches over a file's end into the next one, and each file is named once."""
    archive = write_root(tmp_path / "r.tar", [Entry("a", content=b"KEY one KEY one"), Entry("b", content=b"two")])
    subject = Root.of(archive, {})
    assert [member.path for member, _ in subject.containing(re.compile(rb"KEY one"), b"KEY")] == ["a"]
    assert list(subject.containing(re.compile(rb"KEY one\0+[^K]*two", re.DOTALL), b"KEY")) == []
