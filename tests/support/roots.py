"""Root archives made of a few members, for what reads roots."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Entry:
    """One member; `content` is a file's bytes, `link` where a symbolic link leads, `device` a device node."""

    path: str
    mode: int = 0o644
    content: bytes = b""
    link: str | None = None
    folder: bool = False
    device: bool = False
    uid: int = 0
    capabilities: bool = False


def write_root(path: Path, entries: Iterable[Entry]) -> Path:
    """Write an archive as mmdebstrap does, names beginning with `./`, and return its path."""
    with tarfile.open(path, "w", format=tarfile.PAX_FORMAT) as tar:
        for entry in entries:
            member = tarfile.TarInfo(f"./{entry.path}")
            member.mode, member.uid = entry.mode, entry.uid
            if entry.folder:
                member.type = tarfile.DIRTYPE
            elif entry.device:
                member.type = tarfile.CHRTYPE
            elif entry.link is not None:
                member.type, member.linkname = tarfile.SYMTYPE, entry.link
            else:
                member.size = len(entry.content)
            if entry.capabilities:
                member.pax_headers = {"SCHILY.xattr.security.capability": "x"}
            tar.addfile(member, io.BytesIO(entry.content))
    return path
