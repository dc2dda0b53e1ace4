"""Tar archives of roots: their members by path, read once, and their content where it lies; small ones written."""

from __future__ import annotations

import io
import mmap
import os
import stat
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from recipe_runner.errors import UsageError
from recipe_runner.sanitise import line

Kind = Literal["file", "directory", "symlink", "hardlink", "device", "fifo"]
_CAPABILITY = "SCHILY.xattr.security.capability"
_TYPES: dict[bytes, tuple[Kind, int]] = {
    tarfile.REGTYPE: ("file", stat.S_IFREG),
    tarfile.AREGTYPE: ("file", stat.S_IFREG),
    tarfile.GNUTYPE_SPARSE: ("file", stat.S_IFREG),
    tarfile.DIRTYPE: ("directory", stat.S_IFDIR),
    tarfile.SYMTYPE: ("symlink", stat.S_IFLNK),
    tarfile.LNKTYPE: ("hardlink", stat.S_IFREG),
    tarfile.CHRTYPE: ("device", stat.S_IFCHR),
    tarfile.BLKTYPE: ("device", stat.S_IFBLK),
    tarfile.FIFOTYPE: ("fifo", stat.S_IFIFO),
}


@dataclass(frozen=True, slots=True)
class Member:
    """One member: `path` without a leading slash, empty for the root itself; `mode` with the file's type.

    `target` is where a link leads, in the words of the archive; `offset` and `size` of its content in bytes;
    `capabilities` says whether a program has some of the superuser's rights. Its headers begin at `start`, the next
    member's at `end`.
    """

    path: str
    kind: Kind
    mode: int
    uid: int
    gid: int
    size: int
    target: str
    offset: int
    capabilities: bool
    start: int = 0
    end: int = 0


def read_members(archive: Path) -> dict[str, Member]:
    """Return the members of an archive that is not compressed, by path; raises UsageError where it is none."""
    try:
        with tarfile.open(archive, "r:") as tar:
            return {member.path: member for member in (_member(info, tar.offset) for info in tar)}
    except (tarfile.TarError, ValueError, IndexError, OverflowError) as fault:  # tarfile's own, and what escapes it
        raise UsageError.because(f"`{line(str(archive))}` is no tar archive: {line(str(fault))}") from fault


def unpack_plain(tar: tarfile.TarFile, place: Path) -> None:
    """Unpack an archive's plain files and folders into a new directory, as files of the caller's own.

    Whatever else it holds is passed over. Raises tarfile.TarError where a name leads out of the directory. The filters
    of the standard library do this and more, but Python 3.11 has them only from 3.11.4 on.
    """
    members = [member for member in tar if member.isreg() or member.isdir()]
    for member in members:
        if member.name.startswith("/") or ".." in Path(member.name).parts:
            raise tarfile.ExtractError(f"`{line(member.name)}` leads out of the archive")
        member.uid, member.gid, member.uname, member.gname = os.geteuid(), os.getegid(), "", ""
        member.mode = 0o755 if member.isdir() else 0o644
    tar.extraction_filter = lambda member, _: member
    tar.extractall(place, members)  # noqa: S202 - each member has been judged above


@contextmanager
def contents(archive: Path) -> Iterator[mmap.mmap]:
    """Give all bytes of the archive; those of a member lie between `offset` and `offset + size`."""
    with archive.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as data:
        yield data


def resolve(members: Mapping[str, Member], path: str) -> Member | None:
    """Return the file or directory that `path` leads to inside the root, links followed, or None.

    A folder that is no member of its own is passed through.
    """
    parts, done = path.split("/"), ""
    for _ in range(1000):
        if not parts:
            return members.get(done)
        part = parts.pop(0)
        if part in {"", "."}:
            continue
        if part == "..":
            done = done.rpartition("/")[0]
            continue
        through = f"{done}/{part}" if done else part
        found = members.get(through)
        if found is None:
            done = through
        elif found.kind == "symlink":
            parts = [*found.target.split("/"), *parts]
            done = "" if found.target.startswith("/") else done
        elif found.kind == "hardlink":
            parts, done = [*found.target.split("/"), *parts], ""
        else:
            done = found.path
    return None


def _member(info: tarfile.TarInfo, end: int) -> Member:
    kind, type_ = _TYPES.get(info.type, ("file", stat.S_IFREG))
    path = info.name.removeprefix("./").strip("/")
    return Member(
        "" if path == "." else path,
        kind,
        type_ | stat.S_IMODE(info.mode),
        info.uid,
        info.gid,
        info.size if kind == "file" else 0,
        info.linkname.removeprefix("./") if kind == "hardlink" else info.linkname,
        info.offset_data,
        _CAPABILITY in info.pax_headers,
        info.offset,
        end,
    )


def pack(texts: Mapping[str, str | bytes], epoch: int) -> bytes:
    """Return a tar archive of small files owned by root, by path."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        for path in sorted(texts):
            text = texts[path]
            content = text.encode() if isinstance(text, str) else text
            member = tarfile.TarInfo(path)
            member.size, member.mtime, member.mode = len(content), epoch, 0o644
            tar.addfile(member, io.BytesIO(content))
    return packed.getvalue()
