from __future__ import annotations

import os
from pathlib import Path

import pytest

from builders.distros.keys import keep_key, key_name
from builders.images.attachment import Attachment
from builders.workshop.command import Commands
from recipe_runner.errors import UnmetError, VerificationError
from tests.support.archives import export_key
from tests.support.keyring import gpg, keyring, make_key


@pytest.fixture
def commands(tmp_path: Path) -> Commands:
    return Commands(tmp_path / "log", {"PATH": os.environ["PATH"], "TMPDIR": "/tmp"})


def test_a_key_file_holds_what_is_pinned(tmp_path: Path, commands: Commands) -> None:
    """Armoured or not, the file is kept for apt; one key more than those pinned and it is refused."""
    with keyring() as home:
        one, other = make_key(home, "one"), make_key(home, "other")
        armoured = Attachment("one.asc", export_key(one, tmp_path / "one.asc").read_bytes())
        both = Attachment("both.gpg", gpg(home, "--export", one, other))
    assert key_name("archive", armoured) == "archive.asc"
    assert key_name("archive", both) == "archive.gpg"
    keep_key(armoured, tmp_path / "keys/archive.asc", [one], commands)
    assert (tmp_path / "keys/archive.asc").read_bytes() == armoured.content
    keep_key(both, tmp_path / "keys/both.gpg", [one, other], commands)
    keep_key(both, tmp_path / "keys/any.gpg", [], commands)
    with pytest.raises(VerificationError, match=other):
        keep_key(both, tmp_path / "keys/both.gpg", [one], commands)


def test_a_file_without_a_key_is_none(tmp_path: Path, commands: Commands) -> None:
    """Nothing would be verified by it."""
    with pytest.raises(UnmetError, match="holds no OpenPGP key"):
        keep_key(Attachment("x", b"hello"), tmp_path / "key", [], commands)
