from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from builders.archive import pack, read_members, unpack_plain
from recipe_runner.errors import RecipeError


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


GOOD = io.BytesIO()
with tarfile.open(fileobj=GOOD, mode="w", format=tarfile.PAX_FORMAT) as made:
    for number in range(3):
        info = tarfile.TarInfo(f"./{'n' * 60 * number}")
        info.pax_headers = (
            {"GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.realsize": "9"} if number else {}
        )
        info.size = 6
        made.addfile(info, io.BytesIO(b"1\n0\n9\n"))


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    changes=st.lists(st.tuples(st.integers(0, 6 * 1024), st.binary(max_size=12)), max_size=4), end=st.integers(0, 9000)
)
def test_a_crafted_archive_is_read_or_refused(tmp_path: Path, changes: list[tuple[int, bytes]], end: int) -> None:
    """Whatever packages have made of the archive they were packed into: no fault of it escapes."""
    crafted = bytearray(GOOD.getvalue())
    for at, data in changes:
        crafted[at : at + len(data)] = data
        crafted[at - at % 512 + 148 : at - at % 512 + 156] = b"%06o\0 " % sum(
            (
                *crafted[at - at % 512 : at - at % 512 + 148],
                *b" " * 8,
                *crafted[at - at % 512 + 156 : at - at % 512 + 512],
            )
        )
    (tmp_path / "root.tar").write_bytes(crafted[:end])
    try:
        read_members(tmp_path / "root.tar")
    except RecipeError:
        return


def test_packed_files_are_roots_and_dated() -> None:
    """Small files go into an image with the serial's date and root as their owner, in a fixed order."""
    texts = {"etc/b": "2", "etc/a": "1"}
    assert pack(texts, 1_256_169_600) == pack(dict(reversed(texts.items())), 1_256_169_600)
    with tarfile.open(fileobj=io.BytesIO(pack(texts, 1_256_169_600))) as tar:
        assert [(m.name, m.uid, m.gid, m.mode, m.mtime) for m in tar] == [
            ("etc/a", 0, 0, 0o644, 1_256_169_600),
            ("etc/b", 0, 0, 0o644, 1_256_169_600),
        ]
