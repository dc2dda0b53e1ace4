"""What a serial console says about a boot; pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

FAILURES = {
    "grub>": "GRUB stopped at its prompt",
    "grub rescue>": "GRUB stopped at its rescue prompt",
    "(initramfs)": "the ramdisk did not find the root file system",
    "Kernel panic": "the kernel panicked",
    "KVM internal error": "KVM gave the machine up",
    "emergency mode": "the system came up in emergency mode",
}
"""Texts after which waiting is in vain, and what they mean."""

_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|[()][0-9A-B]|[=>])")
_KEPT = 4096


@dataclass(slots=True)
class Watch:
    """Reads a console bit by bit until it shows the marker or a failure."""

    marker: str
    _tail: str = field(default="", init=False)

    def feed(self, data: bytes) -> str | None:
        """Take more output; return None while the boot goes on, "" when the marker came, else what went wrong."""
        self._tail += data.decode("utf-8", "replace")
        text = _ESCAPES.sub("", self._tail)
        found = [(at, meaning) for sign, meaning in FAILURES.items() if (at := text.find(sign)) >= 0]
        if (at := text.find(self.marker)) >= 0:
            found.append((at, ""))
        self._tail = self._tail[-_KEPT:]
        return min(found)[1] if found else None
