from __future__ import annotations

import io
import tarfile
from pathlib import Path

from builders.archive import contents, read_members, resolve
from builders.build.division import divide

EPOCH = 1_000_000_000


def archive(path: Path) -> Path:
    with tarfile.open(path, "w", format=tarfile.PAX_FORMAT) as tar:
        for name, type_, link in [
            ("./", tarfile.DIRTYPE, ""),
            ("./var", tarfile.DIRTYPE, ""),
            ("./var/log", tarfile.DIRTYPE, ""),
            ("./var/log/a", tarfile.REGTYPE, ""),
            ("./var/log/b", tarfile.LNKTYPE, "./var/log/a"),
            ("./var/c", tarfile.LNKTYPE, "./var/log/a"),
            ("./variable", tarfile.REGTYPE, ""),
        ]:
            member = tarfile.TarInfo(name)
            member.type, member.linkname, member.uid, member.mode, member.mtime = type_, link, 7, 0o751, EPOCH
            if name == "./variable":
                member.pax_headers = {"SCHILY.xattr.security.capability": "x"}
            member.size = 5 if type_ == tarfile.REGTYPE else 0
            tar.addfile(member, io.BytesIO(b"hello"))
    return path


def test_what_is_below_a_mount_point_goes_into_its_archive(tmp_path: Path) -> None:
    """The deepest mount point wins, a name that only begins alike stays, and every mount point is a directory."""
    parts = divide(archive(tmp_path / "root.tar"), ["/var", "/var/log", "/srv"], tmp_path, EPOCH)
    names = {mount: sorted(read_members(path)) for mount, path in parts.items()}
    assert names == {
        "/": ["", "srv", "var", "variable"],
        "/var": ["", "c", "log"],
        "/var/log": ["", "a", "b"],
        "/srv": [""],
    }
    top = read_members(parts["/var"])[""]
    assert (top.uid, top.mode & 0o777) == (7, 0o751)
    assert read_members(parts["/"])["variable"].capabilities


def test_a_hard_link_does_not_leave_its_file_system(tmp_path: Path) -> None:
    """Inside one file system it stays a link; across two it becomes a file with the same content."""
    parts = divide(archive(tmp_path / "root.tar"), ["/var/log"], tmp_path, EPOCH)
    log = read_members(parts["/var/log"])
    assert log["b"].kind == "hardlink"
    assert resolve(log, "b") == log["a"]
    copied = read_members(parts["/"])["var/c"]
    assert copied.kind == "file"
    with contents(parts["/"]) as data:
        assert data[copied.offset : copied.offset + copied.size] == b"hello"
