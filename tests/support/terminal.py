"""A person at a real pseudo-terminal, for tests: types, waits for what appears, reads the screen."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

import pexpect
import pyte

RECIPE = Path(sys.executable).parent / "recipe"


class Person:
    """Drives the command in a terminal of a given size."""

    def __init__(
        self, *arguments: str, directory: Path, environ: Mapping[str, str] | None = None, width: int = 80
    ) -> None:
        inherited = {name: text for name, text in os.environ.items() if name not in {"LINES", "COLUMNS"}}
        variables = {**inherited, "TERM": "xterm-256color", "PATH": f"{RECIPE.parent}:{os.environ['PATH']}"}
        self._child = pexpect.spawn(
            str(RECIPE),
            list(arguments),
            cwd=str(directory),
            env={**variables, **(environ or {})},
            dimensions=(200, width),
            encoding="utf-8",
            timeout=60,
        )
        self._screen = pyte.Screen(width, 200)
        self._stream = pyte.Stream(self._screen)

    def sees(self, pattern: str) -> None:
        """Wait until a text appears."""
        self._child.expect(pattern)
        self._stream.feed(f"{self._child.before}{self._child.after}")

    def types(self, text: str) -> None:
        """Type a line."""
        self._child.sendline(text)

    def presses(self, key: str) -> None:
        """Press Ctrl and a key."""
        self._child.sendcontrol(key)

    def leaves(self) -> int:
        """Wait for the end; return the exit code."""
        self._child.expect(pexpect.EOF)
        self._stream.feed(str(self._child.before))
        self._child.close()
        return int(self._child.exitstatus if self._child.exitstatus is not None else -1)

    def screen(self) -> str:
        """Return what the screen shows."""
        return "\n".join(row.rstrip() for row in self._screen.display).rstrip()

    def colours(self) -> set[str]:
        """Return the colours of the text on the screen; `default` is no colour."""
        return {cell.fg for row in self._screen.buffer.values() for cell in row.values()}
