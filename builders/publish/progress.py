"""Progress as lines of text, said by whoever works and shown by whoever called."""

from __future__ import annotations

from collections.abc import Callable

Say = Callable[[str], None]
"""Takes one line; called from several threads."""
