"""A root's archive changed without unpacking it: members replaced, added and left out, all others copied as they are.

Nothing is ever written through a link: every path is followed by the archive's own members before anything is written,
so that no link in a root, whoever made it, leads out of it. Members are written in the POSIX form, pax(1).
"""

from __future__ import annotations

import stat
import tarfile
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from builders.archive import Member, read_members
from builders.customise.entry import Entry
from builders.sparse import send
from recipe_runner.errors import RecipeError
from recipe_runner.sanitise import line

_LINKS = 40
"""Links that are followed for one path, as many as Linux does."""
_TYPES = {
    "file": (tarfile.REGTYPE, stat.S_IFREG),
    "directory": (tarfile.DIRTYPE, stat.S_IFDIR),
    "symlink": (tarfile.SYMTYPE, stat.S_IFLNK),
}


def landing(members: Mapping[str, Member], path: str, *, follows: bool = False) -> str:
    """Return where a path leads in a root, links in its directories followed, and a last one where `follows`.

    What is not there yet is taken as written. Raises RecipeError where a file stands in the way or links circle.
    """
    parts, done, left = list(PurePosixPath(path).parts), "", _LINKS
    while parts:
        part = parts.pop(0)
        if not part.strip("/") or part == "..":
            done = done.rpartition("/")[0] if part == ".." else ""
            continue
        here = f"{done}/{part}" if done else part
        found = members.get(here)
        if found is not None and found.kind == "symlink" and (parts or follows):
            if not (left := left - 1):
                raise RecipeError.because(f"links in the root circle at `/{line(path)}`")
            parts[:0] = PurePosixPath(found.target).parts
            continue
        if found is not None and parts and found.kind != "directory":
            raise RecipeError.because(f"`/{line(here)}` is no directory: there is no place for `/{line(path)}`")
        done = here
    return done


def place(members: Mapping[str, Member], entries: Iterable[Entry]) -> dict[str, Entry]:
    """Return the entries by where they land, the directories above them included; the last of one place counts."""
    known, placed = dict(members), dict[str, Entry]()
    for entry in entries:
        path = landing(known, entry.path, follows=entry.follows)
        found = known.get(path)
        if found is not None and (found.kind == "directory") != (entry.kind == "directory"):
            raise RecipeError.because(
                f"`/{line(path)}` is a directory in the root or in the definition, but not in both"
            )
        for above in reversed(PurePosixPath(path).parents[:-1]):
            if str(above) not in known:
                placed[str(above)] = Entry(str(above), mode=0o755, kind="directory")
                known[str(above)] = _member(placed[str(above)])
        if entry.kind == "directory" and path in members:
            continue  # it keeps the owner and the mode it has
        placed[path] = replace(entry, path=path)
        known[path] = _member(placed[path])
    return placed


def edit(
    archive: Path,
    members: Mapping[str, Member],
    target: Path,
    placed: Mapping[str, Entry],
    *,
    epoch: int,
    leaves: Callable[[str], bool],
    emptied: Collection[str] = (),
    adopted: Path | None = None,
) -> dict[str, Member]:
    """Write `archive` to `target` with the placed entries in it, without what `leaves` it, some files emptied.

    `adopted` is another archive, whose devices are taken over: nobody but root could unpack them. Every changed
    member has the time `epoch`. Returns the members that `read_members` would find. Raises RecipeError where a hard
    link would be left without its file.
    """
    rest = dict(placed)
    changed = {path for path in members if path in rest or leaves(path) or path in emptied}
    for member in members.values():
        if member.kind == "hardlink" and member.target in changed and member.path not in changed:
            raise RecipeError.because(
                f"`/{line(member.target)}` cannot be replaced: `/{line(member.path)}` is the same file"
            )
    with target.open("xb") as sink:
        writing = _Writing(sink, epoch)
        with archive.open("rb") as source:
            for path, member in members.items():
                if path in rest:
                    writing.add(rest.pop(path))
                elif leaves(path):
                    continue
                elif path in emptied and member.kind == "file":
                    writing.add(Entry(path, b"", member.mode & 0o7777, member.uid, member.gid))
                else:
                    writing.copy(source, member)
            writing.flush()
        if adopted:
            with adopted.open("rb") as other:
                for path, member in read_members(adopted).items():
                    if member.kind in {"device", "fifo"} and path not in members:
                        writing.copy(other, member)
                writing.flush()
        for path in sorted(rest):
            if not leaves(path):
                writing.add(rest[path])
        writing.finish()
    return writing.members


class _Writing:
    """An archive that is being written; what lies side by side in another is copied at once, by the kernel."""

    def __init__(self, sink: BinaryIO, epoch: int) -> None:
        self.members: dict[str, Member] = {}
        self._sink, self._epoch = sink, epoch
        self._size = 0
        self._pending: tuple[BinaryIO, int, int] | None = None

    def add(self, entry: Entry) -> None:
        """Write an entry."""
        self.flush()
        headers = _headers(entry, self._epoch)
        rest = bytes(-len(entry.content) % tarfile.BLOCKSIZE)
        for part in (headers, entry.content, rest):
            self._sink.write(part)
        start, offset = self._size, self._size + len(headers)
        self._size = offset + len(entry.content) + len(rest)
        self.members[entry.path] = replace(_member(entry), offset=offset, start=start, end=self._size)

    def copy(self, source: BinaryIO, member: Member) -> None:
        """Take a member of another archive as it is."""
        if self._pending and self._pending[0] is source and self._pending[2] == member.start:
            self._pending = (*self._pending[:2], member.end)
        else:
            self.flush()
            self._pending = (source, member.start, member.end)
        shift = self._size - member.start
        start, offset = self._size, member.offset + shift
        self._size += member.end - member.start
        self.members[member.path] = replace(member, offset=offset, start=start, end=self._size)

    def flush(self) -> None:
        """Write what was only noted."""
        if self._pending:
            source, begin, end = self._pending
            send(source, self._sink, begin, end)
            self._pending = None

    def finish(self) -> None:
        """Write the archive's end."""
        self.flush()
        size = self._size + 2 * tarfile.BLOCKSIZE
        self._sink.write(bytes(size - self._size + -size % tarfile.RECORDSIZE))


def _headers(entry: Entry, epoch: int) -> bytes:
    info = tarfile.TarInfo(f"./{entry.path}")
    info.type, info.linkname, info.size = _TYPES[entry.kind][0], entry.target, len(entry.content)
    info.mode, info.uid, info.gid, info.mtime = entry.mode, entry.uid, entry.gid, epoch
    return info.tobuf(tarfile.PAX_FORMAT, "utf-8", "surrogateescape")


def _member(entry: Entry) -> Member:
    mode = _TYPES[entry.kind][1] | entry.mode
    return Member(entry.path, entry.kind, mode, entry.uid, entry.gid, len(entry.content), entry.target, 0, False)
