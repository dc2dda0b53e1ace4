"""Who listens to a tool: what it says goes through a pipe into a log that the tool cannot reach, let alone cut off."""

from __future__ import annotations

import os
import re
import select
import subprocess
import time
from contextlib import suppress
from typing import BinaryIO, Self

from recipe_runner.sanitise import visible

MOST_SAID = 64 << 20
"""Bytes of a tool's that are kept: the log lies beside what the tool makes, and must not fill the place."""
_LAST_LINES = 12
_FAULT = re.compile(r"(E|Err\S*|error|fatal):", re.IGNORECASE)
"""Earlier lines that are told too: apt says what is wrong, and then much more."""
_REMEMBERED = 1 << 20
"""Bytes at the end of what a tool said that are told when it fails, and that it may add while it is made to end."""
_CHUNK = 1 << 16


class Listener:
    """Copies what comes out of a pipe into a log for as long as a process lives; `heard` counts the bytes."""

    def __init__(self, process: subprocess.Popen[bytes], hears: int, log: BinaryIO) -> None:
        self.heard = 0
        self._hears, self._log = hears, log
        self._end, self._forgiving, self._most = bytearray(), False, MOST_SAID
        self._handle = os.pidfd_open(process.pid)
        self._events = select.poll()
        for descriptor in (self._handle, hears):
            self._events.register(descriptor, select.POLLIN)
        os.set_blocking(hears, False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._handle)

    def listen(self, seconds: float) -> bool:
        """Listen for so long, or until the process has ended, which is said; what it left behind is not waited for."""
        until = time.monotonic() + seconds
        while True:
            left = max(0.0, until - time.monotonic())
            found = {descriptor for descriptor, _ in self._events.poll(left * 1000)}
            if self._hears in found and not self._take():
                self._events.unregister(self._hears)
            if self._handle in found:
                self._take()
                return True
            if not left:
                return False

    def listen_to_the_end(self, seconds: float) -> bool:
        """Listen likewise while the process is made to end: what is too much, or cannot be written, is let go."""
        self._forgiving, self._most = True, self.heard + _REMEMBERED
        return self.listen(seconds)

    def remark(self, text: str) -> None:
        """Add a line of the builder's own."""
        self._keep(f"{text}\n".encode())

    def tail(self) -> str:
        """Return the last lines, safe to show."""
        lines = visible(self._end[-_REMEMBERED:].decode("utf-8", "replace").replace("\r", "\n")).split("\n")
        lines = [text for text in lines if text.strip()]
        before = [text for text in lines[:-_LAST_LINES] if _FAULT.match(text)][-_LAST_LINES:]
        return "\n".join(f"    {text}" for text in (*before, *lines[-_LAST_LINES:]))

    def _take(self) -> bool:
        """Take what is there, as much as a pipe holds; returns False when nobody can say anything any more."""
        with suppress(BlockingIOError):
            for _ in range(32):
                chunk = os.read(self._hears, _CHUNK)
                if not chunk:
                    return False
                self.heard += len(chunk)
                if self.heard <= self._most:
                    self._keep(chunk)
        return True

    def _keep(self, chunk: bytes) -> None:
        try:
            self._log.write(chunk)
        except OSError:
            if not self._forgiving:
                raise
        self._end += chunk
        if len(self._end) > 2 * _REMEMBERED:
            del self._end[:-_REMEMBERED]
