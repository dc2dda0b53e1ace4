from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest

from builders.build.archive import unpack_plain


def packed(*members: tuple[str, bytes]) -> tarfile.TarFile:
    """Return an archive of members, each a name and a type; files hold their name."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, kind in members:
            member = tarfile.TarInfo(name)
            member.type, member.mode, member.uid, member.linkname = kind, 0o6000, 12345, "/etc/passwd"
            member.size = len(name) if kind == tarfile.REGTYPE else 0
            tar.addfile(member, io.BytesIO(name.encode()))
    return tarfile.open(fileobj=io.BytesIO(buffer.getvalue()))


def test_only_plain_files_and_folders_are_unpacked(tmp_path: Path) -> None:
    """Links and devices stay away; owners, set-id bits and modes are not the archive's."""
    with packed(
        ("./a", tarfile.DIRTYPE),
        ("./a/file", tarfile.REGTYPE),
        ("a/link", tarfile.SYMTYPE),
        ("a/hard", tarfile.LNKTYPE),
        ("a/disk", tarfile.BLKTYPE),
    ) as tar:
        unpack_plain(tar, tmp_path / "place")
    (file,) = (tmp_path / "place/a").iterdir()
    assert file.read_text() == "./a/file"
    assert file.stat().st_mode & 0o7777 == 0o644
    assert file.stat().st_uid == tmp_path.stat().st_uid


@pytest.mark.parametrize("name", ["/abs", "../out", "a/../../out"])
def test_no_name_leads_out(tmp_path: Path, name: str) -> None:
    """An archive that tries is refused before anything of it is written."""
    with packed(("fine", tarfile.REGTYPE), (name, tarfile.REGTYPE)) as tar, pytest.raises(tarfile.TarError):
        unpack_plain(tar, tmp_path / "place")
    assert list(tmp_path.iterdir()) == []
