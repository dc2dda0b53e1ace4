"""The operator's keyboard: who may read from it, and what was typed on it for a program that did not read it.

Typed text waits in the kernel for whoever reads next, so nothing is lost while a step runs. Only what has been handed
on to a terminal of a step's own has left that queue; what its program leaves unread is kept here for the next reader.
"""

from __future__ import annotations

import os
import re
import signal
import sys
import termios
import tty

KEYBOARD = 0
LINE_END = re.compile(rb"\r\n?|\n")
EDITING = re.compile("\x1b(?:\\[[0-?]*[ -/]*[@-~]|O.|.)?|(?P<erased>[\x08\x7f])|[\x00-\x1f]")
"""Keys that write nothing: sequences (ECMA-48, VT100), erasures, other control characters."""


def at_terminal() -> bool:
    """Say whether standard input is a terminal."""
    return sys.__stdin__ is not None and not sys.__stdin__.closed and sys.__stdin__.isatty()


def in_foreground() -> bool:
    """Say whether no shell runs us in the background, where the terminal is not ours to read from."""
    try:
        return os.tcgetpgrp(KEYBOARD) == os.getpgrp()
    except OSError:
        return True


def give_terminal(group: int) -> None:
    """Make a process group the one that may read from the terminal and that its keys interrupt."""
    before = signal.signal(signal.SIGTTOU, signal.SIG_IGN)
    try:
        os.tcsetpgrp(KEYBOARD, group)
    except OSError:
        return
    finally:
        signal.signal(signal.SIGTTOU, before)


def queued(terminal: int = KEYBOARD) -> bytes:
    """Take what has been typed at a terminal and read by nobody yet; raises termios.error where it is gone."""
    modes = termios.tcgetattr(terminal)
    changed = termios.tcgetattr(terminal)
    changed[tty.LFLAG] &= ~termios.ICANON
    changed[tty.CC][termios.VMIN] = changed[tty.CC][termios.VTIME] = 0
    termios.tcsetattr(terminal, termios.TCSANOW, changed)
    try:
        return b"".join(iter(lambda: os.read(terminal, 4096), b""))
    finally:
        termios.tcsetattr(terminal, termios.TCSANOW, modes)


class TypeAhead:
    """What was typed for a program that ended without reading it, in the order in which it was typed."""

    def __init__(self) -> None:
        self._typed = b""

    def keep(self, typed: bytes) -> None:
        """Add what was left unread."""
        self._typed += typed

    def take(self) -> bytes:
        """Hand out all of it, key by key."""
        typed, self._typed = self._typed, b""
        return typed

    def line(self) -> tuple[str, bool]:
        """Hand out the first line as its erasures have left it, and whether Enter ended it."""
        end = LINE_END.search(self._typed)
        line, self._typed = (self._typed[: end.start()], self._typed[end.end() :]) if end else (self.take(), b"")
        return written(line), end is not None


def written(typed: bytes) -> str:
    """Return the text that keys have written, as a terminal that edits lines would hand it out."""
    text, after = "", 0
    keys = typed.decode("utf-8", "ignore")
    for key in EDITING.finditer(keys):
        text += keys[after : key.start()]
        text = text[:-1] if key["erased"] else text
        after = key.end()
    return text + keys[after:]


TYPE_AHEAD = TypeAhead()
"""Of this process, which has one keyboard."""
