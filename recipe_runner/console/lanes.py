"""Sub-runs side by side on the screen: one live line each, and the last words of those that failed."""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from rich.table import Table
from rich.text import Text

from recipe_runner.console.countdown import counted
from recipe_runner.console.pinned import cut
from recipe_runner.console.terminal import Terminal
from recipe_runner.engine.events import Output, StepEnd, Waiting
from recipe_runner.engine.processes.process import Ended
from recipe_runner.engine.processes.suspension import SUSPENSION
from recipe_runner.sanitise import line, printed

SHOW, HIDE = b"\x1b[?25h", "\x1b[?25l"
"""The cursor (DECTCEM, DEC VT510)."""
OFTEN = 0.1
"""Seconds between two drawings while output comes in."""
LAST_WORDS = 10
"""Lines of output that are shown of a failed sub-run; the journal has all of it."""
MARGIN = 4
"""Rows of the screen for what is pinned at its head, the number of lines left out, and the cursor."""


@dataclass(slots=True)
class _Lane:
    began: float = field(default_factory=time.monotonic)
    mark: tuple[str, str] = ("◌", "yellow")
    words: deque[str] = field(default_factory=lambda: deque(maxlen=LAST_WORDS))
    took: float | None = None
    wait: str = ""
    end: str = ""


class Lanes:
    """The live lines of one step."""

    def __init__(self, terminal: Terminal) -> None:
        self._lanes: dict[str, _Lane] = {}
        from rich.live import Live  # noqa: PLC0415 - slow to import, and few runs need it

        self._live = Live(console=terminal.out, auto_refresh=False)
        self._drawn = 0.0
        self._rows = 0
        self._moved = False
        self._live.start()
        SUSPENSION.add(self._aside)

    def begin(self, item: str) -> None:
        """Add a line, or begin it anew."""
        self._lanes[item] = _Lane()
        self._draw()

    def feed(self, output: Output) -> None:
        """Show the last line that a sub-run wrote."""
        lane = self._lanes.get(output.item or "")
        if lane is not None:
            lane.wait = ""
            lane.words.extend(w for w in printed(output.data.decode("utf-8", "replace")).split("\n") if w.strip())
            if time.monotonic() - self._drawn > OFTEN:
                self._draw()

    def wait(self, event: Waiting) -> None:
        """Show for what a sub-run waits, and how long."""
        lane = self._lanes.get(event.item or "")
        if lane is not None:
            lane.wait = f"{event.reason}{counted(event)}"
            if time.monotonic() - self._drawn > OFTEN:
                self._draw()

    def end(self, event: StepEnd) -> None:
        """Show how a sub-run ended."""
        lane = self._lanes.get(event.item or "")
        if lane is None:
            return
        lane.wait = ""
        lane.mark = ("✓", "green") if event.outcome == "ok" else ("✗", "bold red")
        lane.took = event.duration_ms / 1000
        if event.outcome != "ok":
            lane.end = Ended(event.outcome, event.exit_code, event.signal, event.duration_ms).words()
        self._draw()

    def tick(self) -> None:
        """Draw the lines again: time has passed."""
        self._draw()

    def finish(self, terminal: Terminal) -> None:
        """Leave the lines as they are, and show what those that failed wrote last."""
        SUSPENSION.remove(self._aside)
        self._draw(whole=True)
        self._live.stop()
        for item, lane in self._lanes.items():
            if lane.mark[0] == "✗":
                for words in lane.words:
                    terminal.out.print(Text.assemble(("  ┃ ", "red"), (f"[{line(item)}] ", "dim"), line(words)))

    def _draw(self, *, whole: bool = False) -> None:
        """Draw the lines; where they do not all fit, those that failed or still run, the finished ones as a number."""
        room = len(self._lanes) if whole else max(1, self._live.console.size.height - MARGIN)
        shown = dict(self._lanes)
        if len(shown) > room:
            first = sorted(shown, key=lambda item: shown[item].mark[0] == "✓")[:room]
            shown = {item: lane for item, lane in shown.items() if item in set(first)}
        grid = Table.grid(padding=(0, 1))
        for justify in ("left", "left", "right"):
            grid.add_column(justify=justify, no_wrap=True)
        grid.add_column()
        for item, lane in shown.items():
            took = time.monotonic() - lane.began if lane.took is None else lane.took
            last = lane.wait or lane.end or (lane.words[-1] if lane.words else "")
            grid.add_row(
                Text(f"  {lane.mark[0]}", style=lane.mark[1]),
                cut(line(item), self._live.console.width // 3),
                Text(f"{took:.1f} s", "dim"),
                Text(line(last), no_wrap=True, overflow="ellipsis"),
            )
        if left := len(self._lanes) - len(shown):
            grid.add_row(Text("  …", "dim"), Text(f"{left} more", "dim"))
        if self._moved:
            self._moved = False
            self._live.console.file.write(f"{HIDE}{chr(10) * (self._rows - 1)}")
        self._rows = grid.row_count
        self._live.update(grid, refresh=not whole)
        self._drawn = time.monotonic()

    @contextmanager
    def _aside(self) -> Iterator[None]:
        """Leave the lines to the shell while we are stopped, and draw them anew below what it wrote."""
        with suppress(OSError):
            os.write(self._live.console.file.fileno(), SHOW)
        yield
        self._moved = True
