"""Runs a command as root of a user namespace of its own: `namespace.py [--give PATH]… [--largest BYTES] COMMAND…`.

Its 65536 numbers are nobody's on this machine: those that subuid(5) and subgid(5) give to the caller, or, for root
without any, the last that systemd sets aside for containers. A PATH is given to the namespace's root before. What
runs in it has a bounded number of processes, and writes no file of more than BYTES.

The file stands alone, so that it can be run by its path with nothing imported; user_namespaces(7) has the rules.
"""

from __future__ import annotations

import ctypes
import os
import pwd
import resource
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

COUNT = 65536
RESERVED = 0x6FFF0000
"""https://systemd.io/UIDS-GIDS: 524288 to 1879048191 are for containers; whoever hands out ranges begins below."""
PROCESSES = 4096
_NEW_USER = 0x10000000
Span = tuple[int, int, int]
"""First number inside, first outside, how many: one line of a map."""


def first_number(file: Path) -> int:
    """Return the first number of the caller's range; raises LookupError where there is none that is long enough."""
    uid = os.geteuid()
    names = {str(uid)}
    with suppress(KeyError):
        names.add(pwd.getpwuid(uid).pw_name)
    with suppress(OSError):
        for row in file.read_text("utf-8", "replace").splitlines():
            name, _, numbers = row.partition(":")
            start, _, count = numbers.partition(":")
            if name in names and start.isdigit() and count.isdigit() and int(count) >= COUNT:
                return int(start)
    if uid == 0:
        return RESERVED
    raise LookupError(f"{file} has no {COUNT} numbers for user {uid}")


def enter(uids: Sequence[Span], gids: Sequence[Span]) -> None:
    """Put this process into a new user namespace with these maps; raises OSError where that is not allowed."""
    process, (heard, told) = os.getpid(), os.pipe()
    helper = os.fork()
    if helper == 0:
        os.close(told)
        os._exit(0 if os.read(heard, 1) and _map(process, "uid", uids) and _map(process, "gid", gids) else 1)
    os.close(heard)
    try:
        if ctypes.CDLL(None, use_errno=True).unshare(_NEW_USER):
            raise OSError(ctypes.get_errno(), f"no user namespace: {os.strerror(ctypes.get_errno())}")
        os.write(told, b"x")
    finally:
        os.close(told)
        _, status = os.waitpid(helper, 0)
    if status:
        raise PermissionError("the numbers of the user namespace cannot be mapped")


def give(path: str, uid: int, gid: int) -> None:
    """Make a path the namespace's root's own; an ordinary user can do that only from a namespace that has both."""
    if os.geteuid() == 0:
        os.chown(path, uid, gid, follow_symlinks=False)
        return
    child = os.fork()
    if child == 0:
        with suppress(OSError):
            enter(((0, os.geteuid(), 1), (1, uid, 1)), ((0, os.getegid(), 1), (1, gid, 1)))
            os.chown(path, 1, 1, follow_symlinks=False)
            os._exit(0)
        os._exit(1)
    _, status = os.waitpid(child, 0)
    if status:
        raise PermissionError(f"{path} cannot be given to the user namespace")


def _map(process: int, kind: str, spans: Sequence[Span]) -> bool:
    if os.geteuid() == 0:
        text = "".join(" ".join(map(str, span)) + "\n" for span in spans)
        Path(f"/proc/{process}/{kind}_map").write_text(text, "ascii")
        return True
    words = [str(number) for span in spans for number in span]
    return subprocess.run([f"new{kind}map", str(process), *words], check=False).returncode == 0


def main(words: list[str]) -> None:
    """Do what the words say; ends with status 125 where the namespace cannot be had, else never returns."""
    gifts: list[str] = []
    limits = {resource.RLIMIT_NPROC: PROCESSES}
    while words[0].startswith("--"):
        option, value, *words = words
        if option == "--give":
            gifts.append(value)
        else:
            limits[resource.RLIMIT_FSIZE] = int(value)
    try:
        uid, gid = first_number(Path("/etc/subuid")), first_number(Path("/etc/subgid"))
        for path in gifts:
            give(path, uid, gid)
        enter(((0, uid, COUNT),), ((0, gid, COUNT),))
        os.setgroups([])
        os.setresgid(0, 0, 0)
        os.setresuid(0, 0, 0)
        for limit, wanted in limits.items():
            hard = resource.getrlimit(limit)[1]
            most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
            resource.setrlimit(limit, (most, most))
        os.execvp(words[0], words)  # noqa: S606 - no shell is wanted
    except (OSError, LookupError) as fault:
        sys.stderr.write(f"namespace: {fault}\n")
        raise SystemExit(125) from fault


if __name__ == "__main__":
    main(sys.argv[1:])
