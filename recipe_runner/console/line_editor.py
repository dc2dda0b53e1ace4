"""What Python's `readline` does not offer of the library below it: drawing the line anew.

The functions are those of GNU Readline (its manual, "Redisplay" and "Readline Signal Handling"). Its own handlers of
signals are off in Python, and its handler of a change of size is gone as soon as a program has one.
"""

from __future__ import annotations

import ctypes
import readline
from functools import cache


def draw_again() -> None:
    """Draw prompt and text where the cursor is now, on a screen that may have another size."""
    _library().rl_reset_screen_size()
    _library().rl_forced_update_display()


def resize() -> None:
    """Draw prompt and text for the new size of the screen."""
    _library().rl_resize_terminal()


@cache
def _library() -> ctypes.CDLL:
    """Return the library that Python's module has loaded, which may be part of the interpreter."""
    return ctypes.CDLL(getattr(readline, "__file__", None))
