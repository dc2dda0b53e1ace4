"""Programs of another architecture: run by QEMU's user mode, which a user namespace is told of by itself.

From Linux 6.7 on each user namespace may have a binfmt_misc of its own, so that nothing of the machine is changed and
nobody else runs foreign programs by it (https://docs.kernel.org/admin-guide/binfmt-misc.html).
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Mapping
from functools import cache
from types import MappingProxyType

from builders.workshop.command import PATH, Argv

_MACHINES: Mapping[str, tuple[int, str]] = MappingProxyType({"amd64": (0x3E, "x86_64"), "arm64": (0xB7, "aarch64")})
"""ELF's number (elf.h, EM_*) and QEMU's name of each architecture."""
PATIENCE = 120
"""Seconds that a trial may take: on a busy machine a slow yes must not be taken for a no."""
_REGISTER = """\
if mount -t binfmt_misc binfmt_misc /proc/sys/fs/binfmt_misc; then
    printf %s "$1" > /proc/sys/fs/binfmt_misc/register
fi
shift
exec "$@"
"""
"""An older kernel mounts it for nobody but the machine's own root: then the command is on its own."""


def emulation(architecture: str) -> Argv:
    """Return what stands before a command in a user namespace, so that programs of this architecture run there.

    Nothing where they run anyway, or where QEMU is not there. Whether the kernel takes it must be tried.
    """
    emulator = shutil.which(f"qemu-{_MACHINES[architecture][1]}-static", path=PATH)
    if emulator is None or runs(architecture):
        return ()
    return ("unshare", "--mount", "sh", "-euc", _REGISTER, "sh", registration(architecture, emulator))


def registration(architecture: str, emulator: str) -> str:
    """Return the line that makes the kernel start the emulator for all programs of an architecture.

    They are known by the first 20 bytes of ELF's header for 64 bits, little end first; the emulator is opened at once
    (`F`), so that it need not lie in the root that they run in.
    """
    machine, _ = _MACHINES[architecture]
    magic = b"\x7fELF\x02\x01\x01" + bytes(9) + b"\x02\x00" + machine.to_bytes(2, "little")
    # whatever the system's number, and programs as well as shared objects
    mask = b"\xff" * 7 + b"\0" + b"\xff" * 8 + b"\xfe\xff\xff\xff"
    return f":recipe-{architecture}:M:0:{_escaped(magic)}:{_escaped(mask)}:{emulator}:F"


@cache
def runs(architecture: str) -> bool:
    """Say whether this machine runs programs of an architecture without being told how."""
    return architecture == native() or works(("arch-test", architecture))


@cache
def native() -> str:
    """Return the architecture of this machine's packages."""
    said = subprocess.run(["dpkg", "--print-architecture"], capture_output=True, check=True, env={"PATH": PATH})
    return said.stdout.decode("ascii").strip()


def works(command: Argv, run: Callable[..., subprocess.CompletedProcess[bytes]] = subprocess.run) -> bool:
    """Say whether a command can be run and succeeds; what it may leave running holds nothing of ours."""
    nowhere, own = subprocess.DEVNULL, {"PATH": PATH}
    try:
        done = run(command, stdin=nowhere, stdout=nowhere, stderr=nowhere, check=False, timeout=PATIENCE, env=own)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def _escaped(data: bytes) -> str:
    return "".join(f"\\x{byte:02x}" for byte in data)
