"""Reads what the operator types, also where Ctrl-Z comes in between or the screen gets another size."""

from __future__ import annotations

import signal
import termios
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType

from recipe_runner.console.terminal import Terminal
from recipe_runner.engine.processes.keyboard import KEYBOARD, LINE_END, TYPE_AHEAD, queued, written
from recipe_runner.engine.processes.suspension import SUSPENSION
from recipe_runner.sanitise import line

Redraw = Callable[[], None]


def read_line(terminal: Terminal, prompt: str, refresh: Redraw = lambda: None) -> str:
    """Read a line with editing; what was typed for a program that did not read it comes first.

    `refresh` draws what else is on the screen when that gets another size. The end of input (Ctrl-D) counts as an
    interrupt, since nobody is there any more: raises KeyboardInterrupt.
    """
    import readline  # noqa: PLC0415 - for people only; gives `input` its editing

    from recipe_runner.console import line_editor  # noqa: PLC0415

    terminal.out.file.flush()
    early, entered = TYPE_AHEAD.line()
    if entered:
        terminal.raw(f"{prompt}{line(early)}\n")
        return early
    readline.set_startup_hook(lambda: readline.insert_text(early))
    try:
        with _undisturbed(lambda: line_editor.draw_again(prompt), refresh, line_editor.resize):
            return input(prompt)
    except (EOFError, OSError):
        raise KeyboardInterrupt from None
    finally:
        readline.set_startup_hook(None)


def read_confirmation(terminal: Terminal, prompt: str, refresh: Redraw = lambda: None) -> str:
    """Read a line that must be meant: what was typed before it was asked for is shown, and is not taken.

    Raises KeyboardInterrupt as `read_line` does.
    """
    try:
        TYPE_AHEAD.keep(queued())
    except (OSError, termios.error):
        raise KeyboardInterrupt from None
    if early := read_by_nobody():
        terminal.say(f"  Typed before this was asked, and not taken: {early}", "warn")
    return read_line(terminal, prompt, refresh)


def read_by_nobody() -> str:
    """Take what was typed for programs that did not read it, as one line."""
    return written(LINE_END.sub(b" ", TYPE_AHEAD.take())).strip()


def read_secret(terminal: Terminal, prompt: str) -> str:
    """Read a line that is not echoed; raises KeyboardInterrupt at the end of input."""
    import getpass  # noqa: PLC0415 - for secrets only

    try:
        with _undisturbed(lambda: terminal.raw(prompt)):
            return getpass.getpass(prompt)
    except EOFError:
        raise KeyboardInterrupt from None


@contextmanager
def _undisturbed(again: Redraw, *resized: Redraw) -> Iterator[None]:
    """While Ctrl-Z has stopped us the terminal is as it was before; then draw `again`. Draw what another size needs."""
    modes = termios.tcgetattr(KEYBOARD)

    @contextmanager
    def aside() -> Iterator[None]:
        ours = modes
        with suppress(termios.error):
            ours = termios.tcgetattr(KEYBOARD)
            termios.tcsetattr(KEYBOARD, termios.TCSADRAIN, modes)
        yield
        with suppress(termios.error):
            termios.tcsetattr(KEYBOARD, termios.TCSADRAIN, ours)
        again()

    before = signal.getsignal(signal.SIGWINCH)

    def another_size(number: int, frame: FrameType | None) -> None:
        if callable(before):
            before(number, frame)
        for draw in resized:
            draw()

    SUSPENSION.add(aside)
    signal.signal(signal.SIGWINCH, another_size)
    try:
        yield
    finally:
        signal.signal(signal.SIGWINCH, before)
        SUSPENSION.remove(aside)
