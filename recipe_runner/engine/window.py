"""The operator's terminal: who may read from it, and a terminal of its own for a step that needs one."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
import termios
import tty
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

KEYBOARD = 0


class Startable(Protocol):
    """What `Window.start` needs to know of a command."""

    @property
    def argv(self) -> Sequence[str]: ...
    @property
    def environ(self) -> Mapping[str, str]: ...
    @property
    def directory(self) -> str | None: ...
    @property
    def descriptors(self) -> Sequence[int]: ...


def at_terminal() -> bool:
    """Say whether standard input is a terminal."""
    return sys.__stdin__ is not None and not sys.__stdin__.closed and sys.__stdin__.isatty()


def give_terminal(group: int) -> None:
    """Make a process group the one that may read from the terminal and that its keys interrupt."""
    before = signal.signal(signal.SIGTTOU, signal.SIG_IGN)
    try:
        os.tcsetpgrp(KEYBOARD, group)
    except OSError:
        return
    finally:
        signal.signal(signal.SIGTTOU, before)


@dataclass(slots=True)
class Window:
    """A pseudo-terminal for a child, joined to the operator's terminal where there is one."""

    master: int
    slave: int
    keyboard: int | None
    modes: list[Any] | None
    size: bytes = b""

    @classmethod
    def open(cls) -> Window:
        """Open a pseudo-terminal and put the operator's terminal into raw mode until `close`; forget nothing typed."""
        master, slave = os.openpty()
        modes = None
        if at_terminal():
            modes = termios.tcgetattr(KEYBOARD)
            tty.setraw(KEYBOARD, termios.TCSADRAIN)
        window = cls(master, slave, KEYBOARD if modes else None, modes)
        window.follow_size()
        return window

    def start(self, command: Startable) -> subprocess.Popen[bytes]:
        """Start a command as the leader of a session whose controlling terminal this is."""
        try:
            return subprocess.Popen(
                command.argv,
                env=dict(command.environ),
                cwd=command.directory,
                pass_fds=tuple(command.descriptors),
                stdin=self.slave,
                stdout=self.slave,
                stderr=self.slave,
                start_new_session=True,
                preexec_fn=_take_terminal,  # noqa: PLW1509 - no thread runs here, and nothing else can set it
            )
        finally:
            os.close(self.slave)

    def follow_size(self) -> None:
        """Give the child's terminal the size of the operator's."""
        if self.keyboard is None:
            return
        size = fcntl.ioctl(self.keyboard, termios.TIOCGWINSZ, b"\0" * 8)
        if size != self.size:
            self.size = size
            fcntl.ioctl(self.master, termios.TIOCSWINSZ, size)

    def type_ahead(self) -> bool:
        """Pass on what the operator typed; False when the keyboard is gone."""
        self.follow_size()
        typed = os.read(KEYBOARD, 4096)
        if typed:
            os.write(self.master, typed)
        return bool(typed)

    def close(self) -> None:
        """Give the operator's terminal its modes back."""
        if self.modes is not None:
            termios.tcsetattr(KEYBOARD, termios.TCSADRAIN, self.modes)


def _take_terminal() -> None:
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
