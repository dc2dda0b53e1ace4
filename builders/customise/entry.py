"""What is put into a root: files, directories and links, each with its owner, by path."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Entry:
    """One file, directory or symbolic link; `path` has no leading slash, `target` is where a link leads.

    Where `follows`, a link that stands at `path` already is followed inside the root, else it is replaced.
    """

    path: str
    content: bytes = b""
    mode: int = 0o644
    uid: int = 0
    gid: int = 0
    kind: Literal["file", "directory", "symlink"] = "file"
    target: str = ""
    follows: bool = False


def text(path: str, content: str, mode: int = 0o644) -> Entry:
    """Return a file of root's."""
    return Entry(path, content.encode(), mode)


def link(path: str, target: str) -> Entry:
    """Return a symbolic link."""
    return Entry(path, mode=0o777, kind="symlink", target=target)
