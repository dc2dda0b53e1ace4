"""A root's archive divided at its mount points, one archive for each file system; owners, modes, times stay."""

from __future__ import annotations

import copy
import tarfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path


def divide(archive: Path, mounts: Sequence[str], directory: Path, epoch: int) -> Mapping[str, Path]:
    """Write an archive into `directory` for `/` and for each mount point, and return them by mount point.

    What is below a mount point goes into its archive, paths made relative to it. The mount point itself is in both:
    it is mounted on a directory, and has a mode. One that is not in the root is made, at the time `epoch`. A hard link
    that would lead into another file system becomes a file.
    """
    paths = part_paths(mounts, directory)
    places = [*reversed(paths)]
    missing = set(mounts)
    with ExitStack() as stack:
        tar = stack.enter_context(tarfile.open(archive, "r:"))
        parts = {
            place: stack.enter_context(tarfile.open(path, "w", format=tarfile.PAX_FORMAT))
            for place, path in paths.items()
        }
        for member in tar:
            path = _absolute(member.name)
            place = home(path, places)
            _add(tar, parts[place], member, place, places)
            if path in parts and path != "/":
                _add_top(parts[path], member)
                missing.discard(path)
        for path in sorted(missing):
            made = tarfile.TarInfo(f".{path}")
            made.type, made.mode, made.mtime = tarfile.DIRTYPE, 0o755, epoch
            _add(tar, parts[home(path, places)], made, home(path, places), places)
            _add_top(parts[path], made)
    return paths


def part_paths(mounts: Sequence[str], directory: Path) -> dict[str, Path]:
    """Return where `divide` writes the archive of each mount point, those before others that they lie below."""
    places = sorted({"/", *mounts}, key=lambda place: (len(place), place))
    return {place: directory / f"part-{number}.tar" for number, place in enumerate(places)}


def home(path: str, places: Sequence[str]) -> str:
    """Return which of the mount points, longest first, holds the file at an absolute path."""
    return next(place for place in places if place == "/" or path.startswith(f"{place}/"))


def _add(
    tar: tarfile.TarFile, part: tarfile.TarFile, member: tarfile.TarInfo, place: str, places: Sequence[str]
) -> None:
    placed = copy.copy(member)
    placed.name = _relative(member.name, place)
    if member.islnk():
        if home(_absolute(member.linkname), places) == place:
            placed.linkname = _relative(member.linkname, place)
        else:
            target = tar.getmember(member.linkname)
            placed.type, placed.linkname, placed.size = tarfile.REGTYPE, "", target.size
    part.addfile(placed, tar.extractfile(member) if placed.isreg() else None)


def _add_top(part: tarfile.TarFile, directory: tarfile.TarInfo) -> None:
    top = copy.copy(directory)
    top.name = "./"
    part.addfile(top)


def _absolute(name: str) -> str:
    return f"/{name.removeprefix('.').strip('/')}"


def _relative(name: str, place: str) -> str:
    return f"./{_absolute(name).removeprefix(place).strip('/')}"
