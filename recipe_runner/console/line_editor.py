"""What Python's `readline` does not offer of the library below it: drawing the line anew.

The functions are those of GNU Readline (its manual, "Redisplay" and "Readline Signal Handling"). Its own handlers of
signals are off in Python, and its handler of a change of size is gone as soon as a program has one. Where Python brings
another library, which has not all of them, prompt and text are written once more.
"""

from __future__ import annotations

import ctypes
import readline
import sys
from functools import cache


def draw_again(prompt: str) -> None:
    """Draw prompt and text where the cursor is now, on a screen that may have another size."""
    _call("rl_reset_screen_size")
    if not _call("rl_forced_update_display"):
        sys.stdout.write(f"{prompt}{readline.get_line_buffer()}")
        sys.stdout.flush()


def resize() -> None:
    """Draw prompt and text for the new size of the screen."""
    _call("rl_resize_terminal")


def _call(name: str) -> bool:
    """Call a function of the library; say whether it has it."""
    function = getattr(_library(), name, None)
    if function is not None:
        function()
    return function is not None


@cache
def _library() -> ctypes.CDLL:
    """Return the library that Python's module has loaded, which may be part of the interpreter."""
    return ctypes.CDLL(getattr(readline, "__file__", None))
