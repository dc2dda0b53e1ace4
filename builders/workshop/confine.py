"""Commands that run what a definition or its packages bring: shut into namespaces where only what they make is theirs.

Such a command finds the build machine's programs, what little of its settings apt and its like need, the build's own
directory to read, and nothing else of the machine: no files, no devices but the usual ones, no processes. It is nobody
there (`namespace.py`) and the first process of its namespace: when it ends the kernel ends all it has started.
bubblewrap does the work, bwrap(1).
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from builders.workshop import namespace
from builders.workshop.bench import Bench
from builders.workshop.command import PATH, Argv
from builders.workshop.foreign import emulation
from builders.workshop.margin import MEMORY
from builders.workshop.tools import room_needed

NAMESPACE: Argv = (shutil.which("python3", path=PATH) or sys.executable, "-I", "-S", Path(namespace.__file__))
"""The machine's own Python, which every user can run, will do for a file that stands alone."""
_LINKED = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")
_SETTINGS = (
    *("alternatives", "apt", "ca-certificates.conf", "dpkg", "group", "host.conf", "hostname", "hosts", "ld.so.cache"),
    *("ld.so.conf", "ld.so.conf.d", "nsswitch.conf", "passwd", "protocols", "resolv.conf", "services", "ssl"),
)
ALONE: Argv = (
    *("--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try"),
    *("--die-with-parent", "--new-session", "--as-pid-1", "--chdir", "/"),
)
"""Processes of its own that end with it, and no terminal."""


@dataclass(frozen=True, slots=True)
class Reach:
    """What a confined command gets hold of besides the machine's programs.

    `writable` are files and directories of the build that it may change; `fresh` those among them that nobody has
    written to yet; `visible` are paths of the machine that it may read.
    """

    writable: Collection[Path] = ()
    fresh: Collection[Path] = ()
    visible: Collection[Path] = ()
    network: bool = False


def trial(*command: str, architecture: str | None = None) -> Argv:
    """Return a command that succeeds only where others can be shut in, with programs of this architecture."""
    foreign = emulation(architecture) if architecture else ()
    return (*NAMESPACE, *foreign, "bwrap", *_machine(), *ALONE, "--unshare-net", "--", *command)


def shut_in(bench: Bench, command: Argv, reach: Reach) -> Argv:
    """Return the command as it is run in namespaces."""
    return (
        *as_nobody(bench, reach.fresh),
        *("bwrap", *_machine(), *_bench(bench, room_needed(bench.definition))),
        *(word for path in reach.visible for word in _shown(path)),
        *(word for path in reach.writable for word in ("--bind", path, path)),
        *(*ALONE, *(() if reach.network else ("--unshare-net",)), "--hostname", bench.definition.host),
        *("--chdir", bench.temporary, "--setenv", "HOME", "/root", "--", *command),
    )


def as_nobody(bench: Bench, fresh: Collection[Path] = ()) -> Argv:
    """Return what stands before a command that is to be root of a user namespace and nobody outside, within limits."""
    gifts = tuple(word for path in fresh for word in ("--give", path))
    room = str(room_needed(bench.definition))
    return (*NAMESPACE, *gifts, "--largest", room, *emulation(bench.definition.architecture))


def _machine() -> Iterator[str | Path]:
    yield from ("--ro-bind", "/usr", "/usr")
    for name in _LINKED:
        path = Path("/", name)
        if path.is_symlink():
            yield from ("--symlink", path.readlink(), path)
        elif path.is_dir():
            yield from ("--ro-bind", path, path)
    yield from ("--dir", "/etc")
    for name in _SETTINGS:
        path = Path("/etc", name)
        if path.exists():
            yield from ("--ro-bind", path.resolve(), path)
    yield from ("--dev", "/dev", "--proc", "/proc", "--perms", "1777", "--tmpfs", "/tmp", "--tmpfs", "/run")  # noqa: S108 - its own


def _bench(bench: Bench, room: int) -> Iterator[str | Path]:
    """Show the build's directory; the temporary one in it is the command's own."""
    yield from _shown(bench.work)
    if bench.work.is_relative_to(MEMORY):
        yield from ("--perms", "1777", "--size", str(room), "--tmpfs", bench.temporary)
    else:
        yield from ("--bind", bench.confined_temporary, bench.temporary)


def _shown(path: Path) -> Iterator[str | Path]:
    """Show a path to read, below directories that everybody may enter."""
    for above in reversed(path.parents[:-1]):
        yield from ("--dir", above)
    yield from ("--ro-bind", path, path)
