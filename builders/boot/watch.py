"""What a serial console says about a boot; pure."""

from __future__ import annotations

import re
from collections.abc import Iterable

TIMER = "the timer of the translated machine did not tick in time"
"""A fault of the machine and not of the image: Linux measures it, and a busy host makes it late."""
FAILURES = {
    "IO-APIC + timer doesn't work": TIMER,
    "grub>": "GRUB stopped at its prompt",
    "grub rescue>": "GRUB stopped at its rescue prompt",
    "Shell>": "the firmware found nothing to boot and stopped at its shell",
    "(initramfs)": "the ramdisk did not find the root file system",
    "Kernel panic": "the kernel panicked",
    "Oops: ": "the kernel failed (Oops), and what comes after it is not to be trusted",
    "KVM internal error": "KVM gave the machine up",
    "emergency mode": "the system came up in emergency mode",
    "rescue mode": "the system came up in rescue mode",
}
"""Texts after which waiting is in vain, and what they mean."""
KEYS_END = "-----END SSH HOST KEY KEYS-----"
KEYS_BEGIN = "-----BEGIN SSH HOST KEY KEYS-----"
"""Between these cloud-init shows the public host keys, one a line."""

_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|[()][0-9A-B]|[=>])")
_KEY = re.compile(r"^((?:ssh|ecdsa)-[a-z0-9-]{1,40} [A-Za-z0-9+/]{32,2048}={0,3})(?: \S+)?$", re.MULTILINE)
_KEPT = 4096


class Watch:
    """Reads a console bit by bit for the signs that are waited for, and for signs of failure."""

    def __init__(self, signs: Iterable[str]) -> None:
        self.awaited = set(signs)
        self.seen: set[str] = set()
        self.fault = ""
        self._tail = ""

    def feed(self, data: bytes) -> None:
        """Take more output; a sign of failure counts only before the last sign that was waited for."""
        self._tail += data.decode("utf-8", "replace")
        text = clean(self._tail)
        missing = self.awaited - self.seen
        places = {sign: text.find(sign) for sign in missing}
        came = {sign: at for sign, at in places.items() if at >= 0}
        failures = [(at, meaning) for sign, meaning in FAILURES.items() if (at := text.find(sign)) >= 0]
        last = max(came.values(), default=-1)
        if failures and not self.fault and (len(came) < len(missing) or min(failures)[0] < last):
            self.fault = min(failures)[1]
        self.seen |= came.keys()
        self._tail = self._tail[-_KEPT:]

    @property
    def complete(self) -> bool:
        """Say whether every sign came."""
        return self.awaited <= self.seen


def clean(text: str) -> str:
    """Return a console's text without colours and cursor moves, its lines ended as here."""
    return _ESCAPES.sub("", text).replace("\r", "")


def host_keys(console: str) -> tuple[str, ...]:
    """Return the public host keys that a console showed, `type base64` each; none where it was cut off."""
    _, begin, rest = console.rpartition(KEYS_BEGIN)
    shown, end, _ = rest.partition(KEYS_END)
    return tuple(found[1] for found in _KEY.finditer(shown)) if begin and end else ()
