"""The list of an image's files: mode, owner, size, sha256, path; one line each, in order of path."""

from __future__ import annotations

import hashlib
import mmap
import stat
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from builders.archive import Member, contents


def file_list(archive: Path, members: Mapping[str, Member]) -> str:
    """Return the list of an archive's members.

    Columns, separated by TABs: mode as `ls` shows it, `uid:gid`, size in bytes, sha256 (hex, of files alone, else
    `-`), path from `/` and, of links, where they lead. Control characters and backslashes are written as in Python.
    """
    files = [member for member in members.values() if member.kind == "file"]
    with contents(archive) as data, ThreadPoolExecutor() as pool:
        digests = dict(
            zip((member.path for member in files), pool.map(lambda member: _digest(data, member), files), strict=True)
        )
    return "".join(_row(members[path], digests.get(path, "-")) for path in sorted(members))


def _digest(data: mmap.mmap, member: Member) -> str:
    with memoryview(data) as view, view[member.offset : member.offset + member.size] as part:
        return hashlib.sha256(part).hexdigest()


def _row(member: Member, sha256: str) -> str:
    arrow = {"symlink": f" -> {member.target}", "hardlink": f" link to /{member.target}"}.get(member.kind, "")
    name = f"/{member.path}{arrow}".replace("\\", "\\\\")
    shown = "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in name)
    return f"{stat.filemode(member.mode)}\t{member.uid}:{member.gid}\t{member.size}\t{sha256}\t{shown}\n"
