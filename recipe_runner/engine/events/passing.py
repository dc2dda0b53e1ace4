"""What is shown while a run goes on and never becomes a line of its journal."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct


class Output(Struct, frozen=True):
    """Bytes that a running step wrote, secrets already removed. Never a journal line: the journal keeps them as blobs.

    The stream `state` carries what the shell hands on to the next step; it is for the journal, not for the eye.
    `terminal` says that the bytes are meant for a terminal (`.tty`), escape sequences and all.
    """

    step: str
    stream: Literal["stdout", "stderr", "state"]
    data: bytes
    elapsed_ns: int
    item: str | None = None
    terminal: bool = False


class Waiting(Struct, frozen=True):
    """A step waits for something (`wait=`, a retry's delay); shown, never recorded."""

    step: str
    reason: str
    seconds: float
    left: float
    item: str | None = None


class Ticking(Struct, frozen=True):
    """A second has passed while processes run, or something has happened at the terminal; shown, never recorded."""


class Resting(Struct, frozen=True):
    """Somebody or something is waited for from here on, nobody knows how long; shown by nothing, never recorded.

    What was recorded before must not depend on anything that comes after.
    """
