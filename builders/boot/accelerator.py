"""KVM where guests really run, else QEMU's own translation.

`/dev/kvm` may be there, and a machine be created, while guests hang (nested virtualisation half switched on): only a
guest that has answered is a proof. The probe boots a sector of ten bytes of code that end QEMU with a known status.
They use the floating-point unit first: a KVM that must emulate every instruction (measured in a nested machine) runs
simple ones and stops at that.
"""

from __future__ import annotations

import os
import platform
import subprocess
import tempfile
import threading
from pathlib import Path
from typing import Literal

Accelerator = Literal["kvm", "tcg"]

KVM = Path("/dev/kvm")
PROBE_SECONDS = 5.0
STOPPED = b"KVM internal error"
"""QEMU's words when KVM gave a guest up; QEMU itself goes on waiting."""
_PORT = 0xF4
_VALUE = 0x10
_STATUS = _VALUE << 1 | 1
"""What the isa-debug-exit device makes of the value written to its port."""


def choose_accelerator(architecture: str = "amd64") -> Accelerator:
    """Return `kvm` when a guest answers under it within the probe's time; only this machine's own kind can."""
    own = architecture == "amd64" and platform.machine() == "x86_64"
    return "kvm" if own and os.access(KVM, os.R_OK | os.W_OK) and answers("kvm") else "tcg"


def answers(accelerator: Accelerator) -> bool:
    """Boot the probe; false when it does not end as it must."""
    with tempfile.NamedTemporaryFile(prefix="probe-") as sector:
        sector.write(boot_sector())
        sector.flush()
        argv = [
            *(
                "setpriv",
                "--pdeathsig",
                "KILL",
                "qemu-system-x86_64",
                "-nodefaults",
                "-no-user-config",
                "-display",
                "none",
            ),
            *("-machine", "pc", "-accel", accelerator, "-m", "16"),
            *("-device", f"isa-debug-exit,iobase={_PORT:#x},iosize=1"),
            *("-drive", f"file={sector.name},format=raw,if=ide,snapshot=on"),
        ]
        try:
            process = subprocess.Popen(
                argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
            )
        except OSError:
            return False
        with process:
            limit = threading.Timer(PROBE_SECONDS, process.kill)
            limit.start()
            try:
                gave_up = any(STOPPED in said for said in process.stderr or ())
            finally:
                limit.cancel()
                process.kill()
        return not gave_up and process.returncode == _STATUS


def boot_sector() -> bytes:
    """Return `fninit; fwait; mov dx, port; mov al, value; out dx, al; hlt`, padded and signed as a BIOS wants it."""
    code = bytes((0xDB, 0xE3, 0x9B, 0xBA, _PORT, 0x00, 0xB0, _VALUE, 0xEE, 0xF4))
    return code.ljust(510, b"\0") + b"\x55\xaa"
