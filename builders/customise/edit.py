"""A root's archive changed without unpacking it: members replaced, added and left out, all others copied as they are.

Nothing is ever written through a link: every path is followed by the archive's own members before anything is written,
so that no link in a root, whoever made it, leads out of it. Members are written in the POSIX form, pax(1).
"""

from __future__ import annotations

import tarfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from builders.build.archive import Member, read_members
from builders.customise.entry import Entry
from recipe_runner.errors import RecipeError
from recipe_runner.sanitise import line

_LINKS = 40
"""Links that are followed for one path, as many as Linux does."""
_TYPES = {"file": tarfile.REGTYPE, "directory": tarfile.DIRTYPE, "symlink": tarfile.SYMTYPE}
_PIECE = 1 << 20


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
    target: Path,
    placed: Mapping[str, Entry],
    *,
    epoch: int,
    leaves: Callable[[str], bool],
    emptied: Iterable[str] = (),
    adopted: Path | None = None,
) -> None:
    """Write `archive` to `target` with the placed entries in it, without what `leaves` it, some files emptied.

    `adopted` is another archive, whose devices are taken over: nobody but root could unpack them. Every changed
    member has the time `epoch`. Raises RecipeError where a hard link would be left without its file.
    """
    members = read_members(archive)
    rest, emptied = dict(placed), frozenset(emptied)
    changed = {path for path in members if path in rest or leaves(path) or path in emptied}
    for member in members.values():
        if member.kind == "hardlink" and member.target in changed and member.path not in changed:
            raise RecipeError.because(
                f"`/{line(member.target)}` cannot be replaced: `/{line(member.path)}` is the same file"
            )
    with archive.open("rb") as source, target.open("xb") as sink:
        for info, start, end in _spans(archive):
            path = _path(info)
            if path in rest:
                sink.write(_packed(rest.pop(path), epoch))
            elif leaves(path):
                continue
            elif path in emptied and info.isreg():
                sink.write(_packed(Entry(path, b"", info.mode, info.uid, info.gid), epoch))
            else:
                _copy(source, sink, start, end)
        if adopted:
            with adopted.open("rb") as other:
                for info, start, end in _spans(adopted):
                    if info.isdev() and _path(info) not in members:
                        _copy(other, sink, start, end)
        for path in sorted(rest):
            if not leaves(path):
                sink.write(_packed(rest[path], epoch))
        sink.write(bytes(2 * tarfile.BLOCKSIZE))
        sink.write(bytes(-sink.tell() % tarfile.RECORDSIZE))


def _spans(archive: Path) -> Iterator[tuple[tarfile.TarInfo, int, int]]:
    """Give each member with the places where its headers begin and its content ends."""
    with tarfile.open(archive, "r:") as tar:
        for info in tar:
            blocks = -(-info.size // tarfile.BLOCKSIZE) if info.isreg() else 0
            yield info, info.offset, info.offset_data + blocks * tarfile.BLOCKSIZE


def _copy(source: BinaryIO, sink: BinaryIO, start: int, end: int) -> None:
    source.seek(start)
    while start < end:
        piece = source.read(min(_PIECE, end - start))
        if not piece:
            raise RecipeError.because("the root's archive is cut short")
        sink.write(piece)
        start += len(piece)


def _packed(entry: Entry, epoch: int) -> bytes:
    info = tarfile.TarInfo(f"./{entry.path}")
    info.type, info.linkname, info.size = _TYPES[entry.kind], entry.target, len(entry.content)
    info.mode, info.uid, info.gid, info.mtime = entry.mode, entry.uid, entry.gid, epoch
    header = info.tobuf(tarfile.PAX_FORMAT, "utf-8", "surrogateescape")
    return header + entry.content + bytes(-len(entry.content) % tarfile.BLOCKSIZE)


def _path(info: tarfile.TarInfo) -> str:
    path = info.name.removeprefix("./").strip("/")
    return "" if path == "." else path


def _member(entry: Entry) -> Member:
    return Member(entry.path, entry.kind, entry.mode, entry.uid, entry.gid, len(entry.content), entry.target, 0, False)
