"""A terminal of its own for a step that needs one, joined to the operator's."""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import subprocess
import termios
import tty
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from recipe_runner.engine.processes.keyboard import KEYBOARD, at_terminal, queued

SUSPEND = b"\x1a"


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


@dataclass(slots=True)
class Window:
    """A pseudo-terminal for a child; `modes` are those of the operator's terminal before, where there is one.

    `line` is the child's end, held open here, too: so the kernel keeps what the child leaves unread.
    """

    master: int
    slave: int
    keyboard: int | None = None
    modes: list[Any] | None = None
    line: int | None = None
    size: bytes = b""
    unsent: bytearray = field(default_factory=bytearray)

    @classmethod
    def open(cls) -> Window:
        """Open a pseudo-terminal and put the operator's terminal into raw mode until `close`; forget nothing typed."""
        window = cls(*os.openpty())
        if at_terminal():
            window.keyboard = KEYBOARD
            window.modes = termios.tcgetattr(KEYBOARD)
            window.line = os.open(os.ttyname(window.slave), os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK | os.O_CLOEXEC)
            tty.setraw(KEYBOARD, termios.TCSADRAIN)
        window.follow_size()
        return window

    def start(self, command: Startable) -> subprocess.Popen[bytes]:
        """Start a command as the leader of a session whose controlling terminal this is; a failure ends the window."""
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
                preexec_fn=_take_terminal,  # noqa: PLW1509 - asks the kernel only, which no thread can hold up
            )
        except (OSError, ValueError):
            self.unread()
            self.close()
            os.close(self.master)
            raise
        finally:
            os.close(self.slave)

    def follow_size(self) -> None:
        """Give the child's terminal the size of the operator's."""
        if self.keyboard is None:
            return
        with contextlib.suppress(OSError):  # after a hang-up there is no size to follow
            size = fcntl.ioctl(self.keyboard, termios.TIOCGWINSZ, b"\0" * 8)
            if size != self.size:
                self.size = size
                fcntl.ioctl(self.master, termios.TIOCSWINSZ, size)

    def typed(self) -> bytes:
        """Take what the operator typed; nothing where the keyboard is gone."""
        self.follow_size()
        try:
            return os.read(KEYBOARD, 4096)
        except OSError:
            return b""

    def send(self, typed: bytes = b"") -> None:
        """Pass on what was typed, as much as the child's terminal takes; the rest goes with a later call."""
        self.unsent += typed
        with contextlib.suppress(BlockingIOError):
            del self.unsent[: os.write(self.master, self.unsent) if self.unsent else 0]

    def suspends(self, leader: int) -> bool:
        """Say whether Ctrl-Z is to stop the child: not one that reads single keys or deals with stopping itself."""
        modes = termios.tcgetattr(self.master)
        asked = bool(modes[tty.LFLAG] & termios.ISIG) and modes[tty.CC][termios.VSUSP] == SUSPEND
        return asked and os.tcgetpgrp(self.master) == leader and _stops(leader)

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Give the operator's terminal its modes back for as long as this process is stopped."""
        if self.modes is None:
            yield
            return
        with contextlib.suppress(termios.error):
            termios.tcsetattr(KEYBOARD, termios.TCSADRAIN, self.modes)
        yield
        with contextlib.suppress(termios.error):
            tty.setraw(KEYBOARD, termios.TCSADRAIN)
        self.follow_size()

    def unread(self) -> bytes:
        """Take back, once the child is over, what it was sent and has not read; nothing more is typed for it then."""
        if self.line is None:
            return b""
        line, self.line, self.keyboard = self.line, None, None
        unsent = bytes(self.unsent)
        self.unsent.clear()
        try:
            return queued(line) + unsent
        except (OSError, termios.error):
            return unsent
        finally:
            os.close(line)

    def close(self) -> None:
        """Give the operator's terminal its modes back."""
        if self.modes is not None:
            with contextlib.suppress(termios.error):  # after a hang-up it has none
                termios.tcsetattr(KEYBOARD, termios.TCSADRAIN, self.modes)


def _take_terminal() -> None:
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def _stops(process: int) -> bool:
    """Say whether a process neither ignores nor handles SIGTSTP (proc_pid_status(5): masks in hexadecimal)."""
    lines = (line.split(":", 1) for line in Path(f"/proc/{process}/status").read_text().splitlines())
    masks = {name: value for name, value in lines if name in {"SigIgn", "SigCgt"}}
    return not any(int(mask, 16) >> (signal.SIGTSTP - 1) & 1 for mask in masks.values())
